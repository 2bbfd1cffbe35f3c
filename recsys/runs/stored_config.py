"""Read configurations from files: the folder of a run, or a model.

A configuration composed from a command line is the user's own and may name any class. One from a file is not
trusted: it may use only the classes listed in the config groups of conf/, and not read the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import Container, DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationResolutionError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from recsys.composition import build_experiment
from recsys.errors import DataError, DataFormatError
from recsys.runs.files import CONFIG_FILE
from recsys.runs.trusted import CONF, REFERENCE, VARIABLE, require_allowed, trusted_by_reader

if TYPE_CHECKING:
    from recsys.pipeline import Experiment

# Settings of the machine, which a file must not change.
OF_THE_MACHINE = {"cache": ("folder", "max_bytes")}

_NAME = re.compile(r"oc\.env:\w+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def read_experiment(folder: Path, trusted: frozenset[str] = frozenset()) -> Experiment:
    """Build the objects of a run from the configuration that it left in its folder.

    `trusted` are further names that the file may use, as `names_of` gives them. Raises `ParameterError` if
    it uses a class or variable that a file may not, or a value is invalid; `DataError` if it cannot be read,
    or a variable of the environment is not set.
    """
    return experiment_of(read_settings(folder, trusted), trusted)


def read_settings(folder: Path, trusted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the groups of an experiment from the configuration of a run, as plain values.

    References to other keys are resolved. References to the environment, "${oc.env:FEEDBACK}", are not: the
    values may be passwords, and settings are stored with the model and shown by the service. Parameters and
    errors are those of `read_experiment`.
    """
    path = folder / CONFIG_FILE
    try:
        config = OmegaConf.load(path)
    except (OSError, ValueError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise DataFormatError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    return settings_of(config, path, trusted)


def settings_of(config: Container, path: Path, trusted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the groups of an experiment as `read_settings`, from what was read of a file."""
    written, groups = OmegaConf.to_container(config, resolve=False), _groups()
    if not isinstance(written, dict) or not set(groups) <= written.keys():
        raise DataFormatError(f"{path} is not the configuration of a run: it must hold {', '.join(groups)}.")
    trusted = trusted | trusted_by_reader()
    for group in groups:
        require_allowed(group, written[group], trusted, references=True)
    # The groups may refer to other keys, which must not read the environment either.
    others = {key: _without_resolvers(written[key], trusted) for key in written.keys() - set(groups)}
    cfg = OmegaConf.create(others | {group: written[group] for group in groups})
    with _values_found():
        resolved = {group: OmegaConf.to_container(cfg[group], resolve=True) for group in groups}
    return {group: _as_written(written[group], resolved[group]) for group in groups}


def experiment_of(settings: Mapping[str, Any], trusted: frozenset[str] = frozenset()) -> Experiment:
    """Build the objects of settings, as `read_settings` returns them or a model holds them.

    Errors are those of `read_experiment`.
    """
    groups = _groups()
    if not set(groups) <= settings.keys():
        raise DataFormatError(f"The configuration of a run must hold {', '.join(groups)}.")
    kept = {}
    for group in groups:
        require_allowed(group, settings[group], trusted | trusted_by_reader(), references=False)
        left_out = () if trusted else OF_THE_MACHINE.get(group, ())
        kept[group] = {key: value for key, value in settings[group].items() if key not in left_out}
    with _values_found():
        return build_experiment(OmegaConf.create(kept))


def names_of(config: DictConfig) -> frozenset[str]:
    """Return the dotted names in a composed configuration and in the files that it can choose from.

    They are the user's own, and trusted in the folders that runs of this command write.
    """
    texts = [OmegaConf.to_yaml(config)]
    for source in config.hydra.runtime.config_sources:
        if source.schema == "file" and Path(source.path) != CONF:
            files = Path(source.path).rglob("*.yaml")
            texts += [path.read_text(encoding="utf-8", errors="replace") for path in files]
    return frozenset(name for text in texts for name in _NAME.findall(text))


def _groups() -> list[str]:
    from recsys.pipeline import Experiment

    return [field.name for field in fields(Experiment)]


def _without_resolvers(value: Any, trusted: frozenset[str]) -> Any:
    """Return a value with `???` for each text that uses a resolver."""
    if isinstance(value, dict):
        return {key: _without_resolvers(child, trusted) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_resolvers(child, trusted) for child in value]
    if not isinstance(value, str):
        return value
    rest = REFERENCE.sub("\0", VARIABLE.sub(lambda found: "\0" if found[1] in trusted else found[0], value))
    return "???" if "${" in rest else value


def _as_written(written: Any, resolved: Any) -> Any:
    """Return resolved values, except references to the environment."""
    if isinstance(written, dict) and isinstance(resolved, dict):
        return {key: _as_written(written[key], value) for key, value in resolved.items()}
    return written if isinstance(written, str) and "${oc.env:" in written else resolved


@contextmanager
def _values_found() -> Iterator[None]:
    try:
        yield
    except InterpolationResolutionError as error:
        message, cure = str(error).partition("\n")[0], "Set it as it was for the run"
        if isinstance(error, InterpolationToMissingValueError):
            cure = "In a configuration from a file, write it out"
        raise DataError(f"{error.full_key}: {message}. {cure}.") from error
