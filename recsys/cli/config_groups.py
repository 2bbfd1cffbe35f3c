"""The config groups as their files describe them: options, keys, values and comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from recsys.runs.trusted import CONF
from recsys.runs.yaml_file import load_yaml

MAIN = CONF / "config.yaml"
_ENTRY = re.compile(r"  - (?:override )?([\w/]+): (\w+)")
_SENTENCE = re.compile(r"(?<=[.:])\s+(?=[A-Z])(?![^{]*\})")  # not within the braces of an override


@dataclass(frozen=True)
class Key:
    """A key of an option, below its group, with its value and its comment, which may be empty.

    `note` is a comment that stands alone above it, about this key and the following ones.
    """

    name: str
    value: Any
    comment: str
    note: str = ""


@dataclass(frozen=True)
class Group:
    """An entry of the defaults list: a group, what it decides, and the option that it has by default."""

    name: str
    comment: str
    default: str | None

    @property
    def options(self) -> list[str]:
        """The names of the options, in alphabetical order."""
        return sorted(path.stem for path in (CONF / self.name).glob("*.yaml"))


def groups() -> list[Group]:
    """Return the groups of the defaults list, in its order, then those that it does not have."""
    found, comment = [], ""
    for line in MAIN.read_text("utf-8").partition("defaults:\n")[2].partition("\n\n")[0].splitlines():
        if entry := _ENTRY.fullmatch(line):
            found.append(Group(entry[1], comment, None if entry[2] == "null" else entry[2]))
        comment = f"{comment} {line.strip()[2:]}".strip() if line.lstrip().startswith("#") else ""
    known = {group.name for group in found}
    for folder in sorted(
        {path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*/*.yaml")} - known
    ):
        (path,) = (CONF / folder).glob("*.yaml")
        found.append(Group(folder, first_sentence(heading(path)), None))
    return found


def heading(path: Path) -> str:
    """Return the comment at the top of a file."""
    lines = _heading_lines(path)
    return "\n".join(line[2:] for line in lines if not line.startswith("# @package"))


def body(path: Path) -> str:
    """Return a file without the comment at its top."""
    return "\n".join(path.read_text("utf-8").splitlines()[len(_heading_lines(path)) :]).strip()


def _heading_lines(path: Path) -> list[str]:
    return list(takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines()))


def first_sentence(text: str) -> str:
    """Return the first sentence of a comment, on one line."""
    found = _SENTENCE.split(" ".join(text.split()))[0].rstrip(":.")
    return found if "=" in found.split(" ")[-1] or found.endswith("'") else f"{found}."  # may be copied


def keys(path: Path) -> list[Key]:
    """Return the keys of an option: its own and those of the files that it is built on, each once.

    Keys between underscores, such as _target_, are left out. A comment is that of the latest file with one.
    """
    found: dict[str, Key] = {}
    for key in _all_keys(path):
        earlier = found.get(key.name)
        found[key.name] = replace(key, comment=earlier.comment) if earlier and not key.comment else key
    inner = {name.rpartition(".")[0] for name in found}
    return [key for name, key in found.items() if name not in inner]


def main_keys() -> list[Key]:
    """Return the keys of config.yaml that belong to no group, without those of Hydra."""
    content = load_yaml(MAIN)
    return list(
        _keys_of(MAIN, {name: content[name] for name in content if name not in ("defaults", "hydra")})
    )


def own_keys(path: Path) -> list[Key]:
    """Return the keys that stand in a file."""
    return list(_keys_of(path, load_yaml(path)))


def bases(path: Path) -> list[str]:
    """Return the files that a file is built on, as its defaults list names them."""
    return [one for one in load_yaml(path).get("defaults", []) if isinstance(one, str) and one != "_self_"]


def _all_keys(path: Path) -> Iterator[Key]:
    content = load_yaml(path)
    listed = content.pop("defaults", [])
    for entry in listed if "_self_" in listed else ["_self_", *listed]:
        if entry == "_self_":
            yield from _keys_of(path, content)
            continue
        where, option = next(iter(entry.items())) if isinstance(entry, dict) else (None, entry)
        name, _, package = (where or option).partition("@")
        name = f"{name}/{option}" if where else name
        base = (CONF / name.lstrip("/") if name.startswith("/") else path.parent / name).with_suffix(".yaml")
        if base.exists():  # not one of the sweeper, or an override of another group
            prefix = f"{package}." if package not in ("", "_here_") else ""
            yield from (replace(key, name=f"{prefix}{key.name}") for key in _all_keys(base))


def _keys_of(path: Path, content: dict[str, Any]) -> Iterator[Key]:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    lines[: len(_heading_lines(path))] = [""] * len(_heading_lines(path))  # describes the file, and no key
    yield from _below(yaml.compose(text, yaml.SafeLoader), content, "", lines)


def _below(node: Any, content: dict[str, Any], prefix: str, lines: list[str]) -> Iterator[Key]:
    for key, value in node.value:
        name = key.value
        if name not in content or (name.startswith("_") and name.endswith("_")):
            continue
        note, comment = _above(lines, key.start_mark.line)
        last = lines[value.end_mark.line] if value.end_mark.line < len(lines) else ""
        if value.end_mark.line == key.start_mark.line and "#" in (rest := last[value.end_mark.column :]):
            comment = f"{comment}\n{rest.partition('# ')[2]}".strip()
        if isinstance(value, yaml.MappingNode) and content[name]:
            inner = list(_below(value, content[name], f"{prefix}{name}.", lines))
            if inner:
                inner[0] = replace(inner[0], note="\n".join(filter(None, [note, comment, inner[0].note])))
            yield from inner
        else:
            yield Key(f"{prefix}{name}", content[name], comment, note)


def _above(lines: list[str], row: int) -> tuple[str, str]:
    """Return the comment that stands alone above a row of a file, and the one directly above it."""
    above = [line.strip() for line in lines[:row]]
    found = list(takewhile(lambda line: not line or line.startswith("#"), reversed(above)))[::-1]
    direct = list(takewhile(bool, reversed(found)))[::-1]
    alone = [line for line in found[: len(found) - len(direct)] if line]
    note, comment = (
        "\n".join(line.removeprefix("#").removeprefix(" ") for line in part) for part in (alone, direct)
    )
    return note, comment
