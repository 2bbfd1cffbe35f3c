"""The configuration and the data that the values of a study depend on, besides its search space.

Interpolations are not resolved: a folder, a date or a password of the environment is not part of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FixedTrial

from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.search_space import SearchSpace


def describe_jobs(
    space: SearchSpace,
    master: DictConfig,
    compose: Callable[[Sequence[str]], DictConfig],
    ignored: Sequence[str],
    digest: Callable[[DictConfig], Mapping[str, str] | str | None],
) -> dict[str, dict[str, str]]:
    """Return the configuration (key to text) and the data (name to digest) of the jobs of a sweep.

    Keys below `ignored` ones are left out. What depends on a choice has keys ``key (parameter=choice)``.
    """
    searched = {name.lstrip("+") for name in space.parameters}
    parts: dict[str, dict[str, str]] = {"config": {}, "data": {}}
    for choice, overrides in _representatives(space):
        try:
            config = compose(overrides)
        except ConfigCompositionException:
            if space.custom is None:  # a custom search space may add what the composition needs
                raise
            config = master
        flat = {
            key: text
            for key, text in flatten(config).items()
            if key not in searched and not any(f"{key}.".startswith(f"{one}.") for one in ignored)
        }
        data = digest(config) or {}
        named = {"data": data} if isinstance(data, str) else {str(name): text for name, text in data.items()}
        for part, found in (("config", flat), ("data", named)):
            for key, text in found.items():
                if parts[part].get(key) != text:
                    parts[part][f"{key} ({choice})" if choice else key] = text
    return parts


def _representatives(space: SearchSpace) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the overrides of one job, and of one for each other choice that is text: it may be a file."""
    first = {
        name: found.choices[0] if found.choices else found.distribution.low  # type: ignore[attr-defined]
        for name, found in space.parameters.items()
    }
    yield "", _overrides(first, space)
    for name, parameter in space.parameters.items():
        for choice in parameter.choices:
            if isinstance(choice, str) and choice != first[name]:
                enabling = _enabling_values(name, space)
                if enabling is not None:
                    chosen = first | enabling | {name: choice}
                    yield f"{name}={encode(choice)}", _overrides(chosen, space)


def _enabling_values(name: str, space: SearchSpace) -> dict[str, Any] | None:
    """Return values of other parameters with which a conditional parameter exists; None: there are none."""
    values: dict[str, Any] = {}
    for other, texts in space.required.get(name, {}).items():
        fitting = [value for value in space.parameters[other].choices if encode(value) in texts]
        enabling = _enabling_values(other, space)
        if not fitting or enabling is None:
            return None
        values |= enabling | {other: fitting[0]}
    return values


def _overrides(values: Mapping[str, Any], space: SearchSpace) -> Sequence[str]:
    trial = FixedTrial(dict(values))
    space.suggest(trial, custom=False)
    return space.arguments.overrides(trial.params)


def flatten(config: DictConfig) -> dict[str, str]:
    """Return the leaves of a config without Hydra's own, dotted key to text; secrets are masked."""
    plain: Any = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    return dict(leaf for key, value in plain.items() if key != "hydra" for leaf in _leaves(str(key), value))


def _leaves(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _leaves(f"{key}.{name}", child)
        return
    value = mask_values(value, key.rpartition(".")[2])
    if isinstance(value, list | dict):
        yield key, json.dumps(value, default=str)
    else:
        yield key, encode(value if value is None or isinstance(value, bool | int | float) else str(value))
