"""The overrides of a sweep, of the config and of the command line: fixed ones and parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException

from optuna_sweeper.errors import SweepError, first_line
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.search.parameter import Parameter, parameter


@dataclass(frozen=True)
class Arguments:
    """The overrides of the jobs.

    `fixed` maps keys to values as text; `deletions` are of the form ``~key``; `dropped` are keys that are
    null in ``hydra.sweeper.params`` and not on the command line.
    """

    parameters: dict[str, Parameter]
    fixed: dict[str, str]
    deletions: tuple[str, ...]
    dropped: tuple[str, ...] = ()

    def overrides(self, chosen: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the overrides of the job with these values, also of a custom search space."""
        # Fixed ones first: `+group={}` must exist before `+group.key` can be set.
        fixed = (f"{key}={text}" for key, text in self.fixed.items())
        known = self.parameters
        free = (
            known[name].override(value) if name in known else f"{name}={encode(value)}"
            for name, value in chosen.items()
        )
        return (*self.deletions, *fixed, *free)


def read_arguments(params: Mapping[str, Any] | None, command_line: Sequence[str]) -> Arguments:
    """Read ``hydra.sweeper.params``, in which null drops a parameter, and the command line, which wins."""
    deletions = []
    last: dict[str, tuple[str, Override]] = {}
    null = [str(key).lstrip("+") for key, value in (params or {}).items() if value is None]
    kept = {key: value for key, value in (params or {}).items() if str(key).lstrip("+") not in null}
    of_config = [_parse_param(key, value) for key, value in kept.items()]
    of_command_line = [(text, _parse(text, text)) for text in command_line]
    for source in (of_config, of_command_line):
        _check_twice(source)
    for key, override in of_config + of_command_line:
        # The same parameter may be written as x, +x and ++x; the last one counts.
        last.pop(_key(override), None)
        if override.is_delete():
            deletions.append(str(override.input_line))
        else:
            last[_key(override)] = key, override
    searched = [parameter(one, key) for key, one in last.values() if one.is_sweep_override()]
    fixed = [one for _, one in last.values() if not one.is_sweep_override()]
    typed = {_key(override) for _, override in of_command_line}
    dropped = tuple(key for key in dict.fromkeys(null) if key not in typed)
    return Arguments(
        {one.name: one for one in searched},
        {one.get_key_element(): one.get_value_string() for one in fixed},
        tuple(deletions),
        dropped,
    )


def _key(override: Override) -> str:
    return str(override.get_key_element()).lstrip("+~")


def _check_twice(source: Sequence[tuple[str, Override]]) -> None:
    """Refuse a parameter that one source both searches and fixes, without precedence."""
    searched: dict[str, tuple[bool, str]] = {}
    for key, override in source:
        if override.is_delete():
            continue
        is_sweep = bool(override.is_sweep_override())
        before, other = searched.setdefault(_key(override), (is_sweep, key))
        if before != is_sweep:
            raise SweepError(
                f"{key}: a parameter is searched or fixed, not both; see {other}. Leave one of them out."
            )


def _parse_param(key: str, value: Any) -> tuple[str, Override]:
    where = f"hydra.sweeper.params.{key}"
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        raise SweepError(
            f"{where} must be text. Got {value!r}. Write choice(a, b) to choose, '[a, b]' in quotes for a "
            "fixed list, and a nested key with dots."
        )
    # Text is an expression; other YAML values (5, true) are fixed values.
    text = value if isinstance(value, str) else encode(value)
    return where, _parse(f"{key}={text}", f"{where}: {text}")


def _parse(text: str, shown: str) -> Override:
    try:
        override: Override = OverridesParser.create().parse_rule(text, "override")
    except HydraException as error:
        raise SweepError(
            f"{shown} cannot be read: {first_line(error)}. Write choice(a, b), range(1, 10), interval(0, 1), "
            "tag(log, interval(0.01, 1)), or a value."
        ) from error
    return override
