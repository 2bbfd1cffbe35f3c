"""Parameters that exist for some values of others only: ``hydra.sweeper.conditions``.

    params:
      engine: choice(a, b)
      depth: range(1, 9)
    conditions:
      depth: {engine: b}      # or a list of values; of several keys, all must hold

A job whose parameter does not exist is given no override for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna import Trial

from ._arguments import Arguments
from ._encoding import encode
from ._errors import SweepError, refusal
from ._search_space import Parameter

_KEY = "hydra.sweeper.conditions"


@dataclass(frozen=True)
class Conditions:
    """The parameters of the search space, in an order in which each can be decided on.

    Attributes
    ----------
    parameters : list of Parameter
        Those that others depend on come first.
    required : dict of str to dict of str to frozenset of str
        For a parameter: the values, as text, that others must have.
    """

    parameters: list[Parameter]
    required: dict[str, dict[str, frozenset[str]]]

    def hold(self, name: str, chosen: Mapping[str, Any]) -> bool:
        """Whether a parameter exists beside these values."""
        needs = self.required.get(name, {})
        return all(other in chosen and encode(chosen[other]) in values for other, values in needs.items())

    def suggest(self, trial: Trial) -> None:
        """Let the sampler choose the parameters that exist for a trial."""
        for parameter in self.parameters:
            if self.hold(parameter.name, trial.params):
                parameter.suggest(trial)

    def fit(self, chosen: Mapping[str, Any]) -> bool:
        """Whether these are the parameters of a trial: all that exist, and no others."""
        return chosen.keys() == {one.name for one in self.parameters if self.hold(one.name, chosen)}

    def described(self) -> dict[str, dict[str, list[str]]]:
        """Return the conditions as plain data."""
        return {
            name: {other: sorted(values) for other, values in sorted(needs.items())}
            for name, needs in sorted(self.required.items())
        }


def read_conditions(conditions: Any, arguments: Arguments, config: DictConfig) -> Conditions:
    """Read ``hydra.sweeper.conditions``.

    Parameters
    ----------
    conditions : mapping, optional
        Parameter -> key -> value or values.
    arguments : Arguments
        The search space and the fixed overrides.
    config : DictConfig
        The whole config, for keys that are neither searched nor overridden.

    Raises
    ------
    SweepError
        If a condition is none, or conditions go in a circle.
    """
    given = OmegaConf.to_container(conditions) if OmegaConf.is_config(conditions) else conditions or {}
    if not isinstance(given, Mapping) or not all(isinstance(needs, Mapping) for needs in given.values()):
        raise refusal(_KEY, "a mapping: parameter to key to value or list of values", given)
    names = {name.lstrip("+"): name for name in arguments.parameters}
    required: dict[str, dict[str, frozenset[str]]] = {}
    absent = set()
    for key, needs in given.items():
        name = names.get(str(key).lstrip("+"))
        if name is None:  # fixed, where it is what it is; or misspelt
            if not _is_key(str(key), arguments, config):
                raise SweepError(f"{_KEY}: {key!s} is neither a parameter nor a key of the config.")
            continue
        for other, value in needs.items():
            values = frozenset(map(encode, value if isinstance(value, list) else [value]))
            searched = names.get(str(other).lstrip("+"))
            if searched is not None:
                required.setdefault(name, {})[searched] = values
            elif not _fixed_value(str(other), arguments, config) & values:
                absent.add(name)
    parameters = [arguments.parameters[name] for name in _ordered(arguments.parameters, required)]
    return Conditions([one for one in parameters if one.name not in absent], required)


def _is_key(key: str, arguments: Arguments, config: DictConfig) -> bool:
    """Whether a key that is not searched is there all the same."""
    plain = key.lstrip("+")
    fixed = any(name.lstrip("+~") == plain for name in arguments.fixed)
    return fixed or plain in config.hydra.runtime.choices or OmegaConf.select(config, plain) is not None


def _fixed_value(key: str, arguments: Arguments, config: DictConfig) -> set[str]:
    """Return the texts of what a key is that is not searched."""
    for name, text in arguments.fixed.items():
        if name.lstrip("+") == key.lstrip("+"):
            return {text, encode(text)}
    chosen = config.hydra.runtime.choices.get(key)
    value = OmegaConf.select(config, key) if chosen is None else chosen
    if value is None or isinstance(value, DictConfig | ListConfig):
        raise SweepError(f"{_KEY}: {key} is neither a parameter nor a value of the config.")
    return {encode(value)}


def _ordered(names: Mapping[str, Any], required: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names, each after those it depends on, else in their own order."""
    ordered: list[str] = []
    while len(ordered) < len(names):
        ready = [
            name for name in names if name not in ordered and set(required.get(name, ())) <= set(ordered)
        ]
        if not ready:
            left = ", ".join(name for name in names if name not in ordered)
            raise SweepError(f"{_KEY} go in a circle: {left}.")
        ordered.append(ready[0])
    return ordered
