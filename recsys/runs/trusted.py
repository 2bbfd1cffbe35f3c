"""What a configuration from a file may use: classes listed in conf/, and names that its reader trusts."""

import os
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from recsys.errors import ParameterError
from recsys.runs.yaml_file import load_yaml

TRUSTED = "RECSYS_TRUSTED"
"""Variable with the further names that files may use: classes, and ``oc.env:NAME``, separated by commas."""

# In the repository recsys/conf is a link to conf/ at the top level, where Hydra users expect it.
CONF = (Path(__file__).parents[1] / "conf").resolve()

# Their settings can name programs (jars, options of Java): listed in conf/, and still to be trusted by name.
STARTS_PROGRAMS = frozenset({"recsys.spark.SparkEngine"})
FROM_FILE = "in a configuration that comes from a file"
REFERENCE = re.compile(r"\$\{[\w.]+\}")  # to another key; resolvers have a colon
VARIABLE = re.compile(r"\$\{(oc\.env:\w+)(?:,[^${}]*)?\}")


def trusted_by_reader() -> frozenset[str]:
    """Return the names in the variable of the environment."""
    return frozenset(filter(None, map(str.strip, os.environ.get(TRUSTED, "").split(","))))


def trust_cure(name: str, condition: str) -> str:
    """Return what to type to trust one more name."""
    return f"{condition}: export {TRUSTED}={shlex.quote(','.join([*sorted(trusted_by_reader()), name]))}"


@lru_cache
def listed_classes(group: str) -> frozenset[str]:
    """Return the classes in the files of a config group, or in `config.yaml` if it has no files."""
    folder = CONF / group
    content = [*map(load_yaml, folder.glob("*.yaml"))] or load_yaml(CONF / "config.yaml").get(group)
    targets = (node.get("_target_") for _, node in _walk("", content) if isinstance(node, dict))
    return frozenset(target for target in targets if isinstance(target, str))


def require_allowed(group: str, settings: Any, trusted: frozenset[str], references: bool) -> None:
    """Raise a ParameterError if a group's settings hold a class or a text that a file may not use."""
    if not isinstance(settings, dict) or "_target_" not in settings:
        raise ParameterError(group, "a group of settings with a _target_", settings)
    for where, node in _walk(group, settings):
        if isinstance(node, dict):
            _require_listed(group, where, node, trusted)
    for where, node in _walk(group, settings):
        if isinstance(node, str):
            _require_allowed_text(where, node, trusted, references)


def _require_listed(group: str, where: str, node: dict[Any, Any], trusted: frozenset[str]) -> None:
    listed, target = listed_classes(group) - STARTS_PROGRAMS, node.get("_target_")
    if target is not None and not (isinstance(target, str) and target in listed | trusted):
        cure = trust_cure(str(target), "If you wrote it and know what the class does")
        rule = f"one of {', '.join(sorted(listed))} {FROM_FILE}"
        raise ParameterError(f"{where}._target_", rule, target, cure)
    for key in node:
        is_hydras = str(key).startswith("_") and str(key).endswith("_") and key != "_target_"
        if is_hydras and target not in trusted:
            raise ParameterError(
                f"{where}.{key}", f"left out {FROM_FILE}", node[key], "Run again without it."
            )


def _require_allowed_text(where: str, text: str, trusted: frozenset[str], references: bool) -> None:
    """Raise a ParameterError if a text uses a resolver, or a reference where none is allowed.

    Only the address of the feedback may come from the environment, and only as a whole: other text beside the
    variable could send a secret to another host.
    """
    if where == "dataset.feedback" and VARIABLE.fullmatch(text):
        return
    rest = VARIABLE.sub("\0", text)
    if "${" in (REFERENCE.sub("\0", rest) if references else rest):
        rule = f"a value{', or a reference to a key,' if references else ''} {FROM_FILE}"
        raise ParameterError(where, rule, text, "Write it out.")
    for name in VARIABLE.findall(text):
        if name not in trusted:
            cure = trust_cure(name, "If you wrote it and the variable may be read")
            rule = f"a value without variables of the environment {FROM_FILE}"
            raise ParameterError(where, rule, text, cure)


def _walk(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a value and all values in it, keys of mappings included, each with its place."""
    yield where, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield where, key
            yield from _walk(f"{where}.{key}", child)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _walk(f"{where}[{place}]", child)
