"""Parameters that exist for some values of others only: ``hydra.sweeper.conditions``.

A job has no override for a parameter that does not exist. Of keys that are not searched, the value decides.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from optuna_sweeper.errors import SweepError, refusal
from optuna_sweeper.search.arguments import Arguments, read_arguments
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.parameter import Parameter, fits

log = logging.getLogger(__name__)

_KEY = "hydra.sweeper.conditions"


# For a parameter: the values, as text, that others must have.
Required = dict[str, dict[str, list[str]]]


def check_dropped(arguments: Arguments, config: DictConfig) -> None:
    """Refuse to drop a key that the config does not have: it is misspelt, and still searched."""
    params = config.hydra.sweeper.params
    for key in arguments.dropped:
        is_new = f"+{key}" in params or f"++{key}" in params  # a new key of the config
        if not is_new and not _is_there(key, arguments, config):
            raise SweepError(
                f"hydra.sweeper.params.{key}: null drops a parameter from the search space, and the config "
                f"has no {key}. Searched are: {', '.join(arguments.parameters)}."
            )


def read_conditions(
    given: Mapping[str, Any], arguments: Arguments, config: DictConfig
) -> tuple[list[Parameter], Required]:
    """Return the searched parameters in topological order of ``hydra.sweeper.conditions``, and these."""
    names = {name.lstrip("+"): name for name in arguments.parameters}
    possible = _possible(arguments, config)
    required: Required = {}
    absent = set()
    for key, needs in ((str(key), needs) for key, needs in given.items()):
        name = names.get(key.lstrip("+"))
        if key.lstrip("+") in arguments.dropped:
            continue
        if name is None and not _is_there(key, arguments, config):
            raise SweepError(f"{_KEY}: {key} is neither a parameter ({', '.join(names)}) nor of the config.")
        for other, value in needs.items():
            listed = value if isinstance(value, list) else [value]
            spaces = possible.get(str(other).lstrip("+"), [])
            for one in listed if spaces else ():
                if not any(_can_be(one, space) for space in spaces):
                    rule = f"what it can be: {' or '.join(map(str, spaces))}"
                    raise refusal(f"{_KEY}: {key}: {other}", rule, one)
            values = sorted({text for one in listed for text in _texts(one, spaces)})
            searched = names.get(str(other).lstrip("+"))
            if name is None:  # fixed: only the spelling of the key is checked
                if searched is None and not spaces and not _is_there(str(other), arguments, config):
                    raise _unknown(str(other))
            elif searched is not None:
                required.setdefault(name, {})[searched] = values
            elif (fixed := _fixed_value(str(other), arguments, config)).isdisjoint(values):
                absent.add(name)
                wanted = " or ".join(sorted(map(encode, listed)))
                log.info("%s: %s is not searched: %s is %s, not %s.", _KEY, name, other, min(fixed), wanted)
    parameters = [arguments.parameters[name] for name in _ordered(arguments.parameters, required)]
    return [one for one in parameters if one.name not in absent], required


def _possible(arguments: Arguments, config: DictConfig) -> dict[str, list[BaseDistribution]]:
    """Return the distributions of each searched key: of the sweep, and of ``hydra.sweeper.params``."""
    of_config = read_arguments(config.hydra.sweeper.get("params"), ())
    possible: dict[str, list[BaseDistribution]] = {}
    for name, one in (*arguments.parameters.items(), *of_config.parameters.items()):
        spaces = possible.setdefault(name.lstrip("+"), [])
        if one.distribution not in spaces:
            spaces.append(one.distribution)
    return possible


def _can_be(value: Any, space: BaseDistribution) -> bool:
    if isinstance(space, CategoricalDistribution):
        # As text, since 1 == true.
        return encode(value) in map(encode, space.choices)
    return fits(space, value)


def _texts(value: Any, spaces: Sequence[BaseDistribution]) -> set[str]:
    """Return the texts of a value: 1 is also 1.0 in an interval of floats."""
    of_interval = isinstance(value, int) and any(isinstance(space, FloatDistribution) for space in spaces)
    return {encode(value), encode(float(value))} if of_interval else {encode(value)}


def _is_there(key: str, arguments: Arguments, config: DictConfig) -> bool:
    """Whether a key that is not searched is fixed, deleted, or in the config, also without a value."""
    key = key.lstrip("+")
    typed = [*arguments.fixed, *(text.split("=")[0] for text in arguments.deletions)]
    if key in {name.lstrip("+~") for name in typed} or key in config.hydra.runtime.choices:
        return True
    parent, _, last = key.rpartition(".")
    group = OmegaConf.select(config, parent) if parent else config
    return isinstance(group, DictConfig) and last in map(str, group)


def _fixed_value(key: str, arguments: Arguments, config: DictConfig) -> set[str]:
    """Return the texts of the value of a key that is not searched."""
    for name, text in arguments.fixed.items():
        if name.lstrip("+") == key.lstrip("+"):
            return {text, encode(text)}
    chosen = config.hydra.runtime.choices.get(key)
    value = OmegaConf.select(config, key) if chosen is None else chosen
    if value is None or isinstance(value, DictConfig | ListConfig):
        if key.lstrip("+") in arguments.dropped:
            raise SweepError(
                f"{_KEY}: a condition needs {key}, which hydra.sweeper.params drops (null) and of which the "
                f"config has no value. Set it, such as {key}=..., or drop the condition with a null, too."
            )
        raise _unknown(key)
    return {encode(value)}


def _unknown(key: str) -> SweepError:
    return SweepError(f"{_KEY}: {key} is neither a parameter nor a value of the config.")


def _ordered(names: Mapping[str, Any], required: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names in topological order, otherwise in their own order."""
    ordered: list[str] = []
    while left := [name for name in names if name not in ordered]:
        ready = next((name for name in left if set(required.get(name, ())) <= set(ordered)), None)
        if ready is None:
            raise SweepError(f"{_KEY} go in a circle: {', '.join(left)}.")
        ordered.append(ready)
    return ordered
