"""Configurations that come from a file: a run's folder or a model, whoever wrote it.

What is composed from a command line is the user's own and may name any class. A file is not: only the classes
that the config groups of conf/ list are built from it, and it cannot read the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationResolutionError,
    InterpolationToMissingValueError,
    OmegaConfBaseException,
)

from recsys.composition import build_experiment
from recsys.errors import DataError, DataFormatError, ParameterError
from recsys.runs.files import CONFIG_FILE
from recsys.runs.trusted import trust_cure, trusted_by_reader

if TYPE_CHECKING:
    from recsys.pipeline import Experiment

# In the wheel the configuration lies inside the package, in the repository beside it.
PACKAGE = Path(__file__).resolve().parents[1]
CONF = next((folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir()), PACKAGE)

# Their settings can name programs (jars, options of Java): listed in conf/, and still to be trusted by name.
STARTS_PROGRAMS = frozenset({"recsys.spark.SparkEngine"})
# Where the cache lies and what it may delete there is for the reader's machine to say.
OF_THE_MACHINE = {"cache": ("folder", "max_bytes")}

FROM_FILE = "in a configuration that comes from a file"
_MISSING = "???"
_REFERENCE = re.compile(r"\$\{[\w.]+\}")  # to another key; resolvers have a colon
_VARIABLE = re.compile(r"\$\{(oc\.env:\w+)(?:,[^${}]*)?\}")
_NAME = re.compile(r"oc\.env:\w+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def read_experiment(folder: Path, trusted: frozenset[str] = frozenset()) -> Experiment:
    """Build the objects of a run from the configuration that it left in its folder.

    Parameters
    ----------
    folder : Path
    trusted : frozenset of str
        Further names that the file may use, as `names_of` gives them.

    Raises
    ------
    ParameterError
        If the configuration uses what a file may not, or a value breaks its rule.
    DataError
        If the file cannot be read, or a variable of the environment is not set.
    """
    return experiment_of(read_settings(folder, trusted), trusted)


def read_settings(folder: Path, trusted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the configuration of a run as plain values: the groups of an experiment.

    References to other keys are resolved. What comes from the environment stays as written,
    "${oc.env:FEEDBACK}": it may hold a password, and settings are kept with the model and shown by the
    service.

    Parameters
    ----------
    folder, trusted
        As for `read_experiment`.

    Raises
    ------
    ParameterError
        If the configuration uses what a file may not.
    DataError
        If the file cannot be read, or a variable of the environment is not set.
    """
    path = folder / CONFIG_FILE
    try:
        written = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except (OSError, ValueError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise DataFormatError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    groups = _groups()
    if not isinstance(written, dict) or not set(groups) <= written.keys():
        raise DataFormatError(f"{path} is not the configuration of a run: it must hold {', '.join(groups)}.")
    trusted = trusted | trusted_by_reader()
    for group in groups:
        require_listed(group, written[group], trusted)
        _require_allowed_texts(group, written[group], trusted, references=True)
    # The groups may refer to the other keys, which must not reach the environment for them.
    others = {key: _without_resolvers(written[key], trusted) for key in written.keys() - set(groups)}
    cfg = OmegaConf.create(others | {group: written[group] for group in groups})
    with _values_found():
        return {
            group: _as_written(written[group], OmegaConf.to_container(cfg[group], resolve=True))
            for group in groups
        }


def experiment_of(settings: Mapping[str, Any], trusted: frozenset[str] = frozenset()) -> Experiment:
    """Build the objects of settings, as `read_settings` returns them or a model holds them.

    Raises
    ------
    ParameterError
        If the settings use what a file may not, or a value breaks its rule.
    DataError
        If the settings lack a group, or a variable of the environment is not set.
    """
    groups = _groups()
    if not set(groups) <= settings.keys():
        raise DataFormatError(f"The configuration of a run must hold {', '.join(groups)}.")
    by_reader = trusted | trusted_by_reader()
    for group in groups:
        require_listed(group, settings[group], by_reader)
        _require_allowed_texts(group, settings[group], by_reader, references=False)
    kept = {group: dict(settings[group]) for group in groups}
    if not trusted:
        for group, keys in OF_THE_MACHINE.items():
            kept[group] = {key: value for key, value in kept[group].items() if key not in keys}
    with _values_found():
        return build_experiment(OmegaConf.create(kept))


def names_of(config: DictConfig) -> frozenset[str]:
    """Return the dotted names that a composed configuration, or a file that it can choose from, mentions.

    They are the user's own: what a run of this command leaves in its folder may use them.
    """
    texts = [OmegaConf.to_yaml(config)]
    for source in config.hydra.runtime.config_sources:
        if source.schema == "file" and Path(source.path) != CONF:
            texts += [
                path.read_text(encoding="utf-8", errors="replace")
                for path in Path(source.path).rglob("*.yaml")
            ]
    return frozenset(name for text in texts for name in _NAME.findall(text))


@lru_cache
def listed_classes(group: str) -> frozenset[str]:
    """Return the classes that the files of a config group build; without files, those of `config.yaml`."""
    folder = CONF / group
    if folder.is_dir():
        return frozenset(name for path in folder.glob("*.yaml") for name in _targets(_load(path)))
    return frozenset(_targets(_load(CONF / "config.yaml").get(group)))


def require_listed(group: str, settings: Any, trusted: frozenset[str]) -> None:
    """Raise a ParameterError unless a group's settings build listed or trusted classes only, at any depth."""
    if not isinstance(settings, dict) or "_target_" not in settings:
        raise ParameterError(group, "a group of settings with a _target_", settings)
    allowed = (listed_classes(group) - STARTS_PROGRAMS) | trusted
    for where, node in _nodes(group, settings):
        target = node.get("_target_")
        if target is not None and not (isinstance(target, str) and target in allowed):
            known = ", ".join(sorted(listed_classes(group) - STARTS_PROGRAMS))
            cure = trust_cure(str(target), "If you wrote it and know what the class does")
            raise ParameterError(f"{where}._target_", f"one of {known} {FROM_FILE}", target, cure)
        for key in node:
            is_hydras = str(key).startswith("_") and str(key).endswith("_") and key != "_target_"
            if is_hydras and target not in trusted:
                rule = f"left out {FROM_FILE}"
                raise ParameterError(f"{where}.{key}", rule, node[key], "Run again without it.")


def _require_allowed_texts(group: str, settings: Any, trusted: frozenset[str], references: bool) -> None:
    """Raise a ParameterError if a text asks a resolver, or refers to a key where it must not.

    The address of the feedback alone may come from the environment, all of it: text around the variable
    would say where a secret is sent.
    """
    for where, text in _texts(group, settings):
        variables = _VARIABLE.findall(text)
        if where == "dataset.feedback" and _VARIABLE.fullmatch(text):
            continue
        rest = _VARIABLE.sub("\0", text)
        if references:
            rest = _REFERENCE.sub("\0", rest)
        if "${" in rest:
            rule = "a value" + (", or a reference to a key," if references else "")
            raise ParameterError(
                where, f"{rule} in a configuration that comes from a file", text, "Write it out."
            )
        for name in variables:
            if name not in trusted:
                cure = trust_cure(name, "If you wrote it and the variable may be read")
                rule = (
                    "a value without variables of the environment in a configuration that comes from a file"
                )
                raise ParameterError(where, rule, text, cure)


def _groups() -> list[str]:
    from recsys.pipeline import Experiment

    return [field.name for field in fields(Experiment)]


def _load(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), loader) or {}


def _targets(content: Any) -> Iterator[str]:
    for _, node in _nodes("", content):
        if isinstance(node.get("_target_"), str):
            yield node["_target_"]


def _nodes(where: str, value: Any) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Yield all mappings in a value, each with its key."""
    if isinstance(value, dict):
        yield where, value
        for key, child in value.items():
            yield from _nodes(f"{where}.{key}", child)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _nodes(f"{where}[{place}]", child)


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield all texts in a value, keys of mappings included, each with its key."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(where, key)
            yield from _texts(f"{where}.{key}", child)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _texts(f"{where}[{place}]", child)


def _without_resolvers(value: Any, trusted: frozenset[str]) -> Any:
    """Return a value with `???` for each text that asks a resolver."""
    if isinstance(value, dict):
        return {key: _without_resolvers(child, trusted) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_resolvers(child, trusted) for child in value]
    if not isinstance(value, str):
        return value
    rest = _REFERENCE.sub("\0", _VARIABLE.sub(lambda found: "\0" if found[1] in trusted else found[0], value))
    return _MISSING if "${" in rest else value


def _as_written(written: Any, resolved: Any) -> Any:
    """Return resolved values, but those of the environment as written."""
    if isinstance(written, dict) and isinstance(resolved, dict):
        return {key: _as_written(written[key], value) for key, value in resolved.items()}
    return written if isinstance(written, str) and "${oc.env:" in written else resolved


@contextmanager
def _values_found() -> Iterator[None]:
    """Turn OmegaConf's errors of values that are not there into ours."""
    try:
        yield
    except InterpolationToMissingValueError as error:
        said = str(error).partition("\n")[0]
        raise DataError(f"{error.full_key}: {said}. In a configuration from a file, write it out.") from error
    except InterpolationResolutionError as error:
        said = str(error).partition("\n")[0]
        raise DataError(f"{error.full_key}: {said}. Set it as it was for the run.") from error
