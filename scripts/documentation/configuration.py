"""The reference of a config group, from the keys, values and comments of its files in conf/."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import yaml

from scripts.documentation import text

CONF = Path(__file__).parents[2] / "conf"
SHARED = re.compile(r"^/(_\w+)@_here_$")


@dataclass
class Key:
    """A key with its value and its comment; `note` is a comment that stands alone above it."""

    name: str
    value: str
    comment: list[str]
    note: list[str]


@dataclass
class File:
    """An option of a group: what it is, what it is built on, and its keys."""

    description: list[str]
    bases: list[str] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    body: str = ""


def read(path: Path) -> File:
    """Read a file of the configuration."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    heading = list(takewhile(lambda line: line.startswith("#"), lines))
    root = yaml.compose(source, yaml.SafeLoader)
    file = File([line[2:] for line in heading if "@package" not in line])
    for key, value in root.value:
        if key.value == "defaults":
            file.bases = [one.value for one in value.value if isinstance(one, yaml.ScalarNode)]
        else:
            file.keys += _keys(key, value, "", lines, skip=len(heading))
    file.keys = [key for key in file.keys if not key.name.endswith("_target_")]
    file.body = "\n".join(lines[len(heading) :]).strip()
    return file


def _keys(key: yaml.Node, value: yaml.Node, prefix: str, lines: list[str], skip: int) -> list[Key]:
    name, line = f"{prefix}{key.value}", key.start_mark.line
    comment, note = _above(lines, line, skip)
    is_block = isinstance(value, yaml.MappingNode) and not value.flow_style and value.value
    if not is_block:
        last = lines[value.end_mark.line] if value.end_mark.line < len(lines) else ""
        rest = last[value.end_mark.column :] if value.end_mark.line == line else ""
        if rest.strip().startswith("#"):
            comment = [*comment, rest.strip()[1:].strip()]
        return [Key(name, _shown(value, lines), comment, note)]
    nested = []
    for inner, inner_value in value.value:
        nested += _keys(inner, inner_value, f"{name}.", lines, skip)
    # The comment of a block stands above its first key.
    nested[0].note = [*note, *comment, *nested[0].note]
    return nested


def _above(lines: list[str], line: int, skip: int) -> tuple[list[str], list[str]]:
    """Return the comment directly above a line, and one that an empty line sets off from it."""
    blocks: list[list[str]] = [[]]
    while line > skip and (lines[line - 1].lstrip().startswith("#") or not lines[line - 1].strip()):
        line -= 1
        above = lines[line].strip()
        if above:
            blocks[0].insert(0, re.sub(r"^# ?", "", above))
        else:
            blocks.insert(0, [])
    *notes, comment = blocks
    return comment, [line for note in notes if note for line in [*note, ""]]


def _shown(value: yaml.Node, lines: list[str]) -> str:
    start, end = value.start_mark, value.end_mark
    if start.line == end.line:
        return lines[start.line][start.column : end.column]
    return ""


def group(name: str) -> str:
    """Return the reference of a group: its options, the default first, and what several of them share."""
    files = {path.stem: read(path) for path in sorted((CONF / name).glob("*.yaml"))}
    default = _default(name)
    shared: dict[str, str] = {}
    shown, used = [_overview(name, files, default)], set[str]()
    for option in sorted(files, key=lambda option: (option != default, option)):
        file = files[option]
        shared |= {match.group(1): option for base in file.bases if (match := SHARED.match(base))}
        shown.append(_option(name, option, file, option == default, files, used))
    for base in shared:
        file = read(CONF / f"{base}.yaml")
        shown.append(f"## Shared: {base[1:]} {{ #{base[1:]} }}\n\n{text.paragraphs(file.description)}\n")
        shown.append(_listed(file.keys, _prefix(name), used))
    return "\n\n".join(shown)


def main() -> str:
    """Return the reference of config.yaml: the keys outside the groups."""
    keys = [key for key in read(CONF / "config.yaml").keys if not key.name.startswith("hydra.help")]
    return _listed(keys, "", set())


def groups() -> list[str]:
    """Return the names of all groups."""
    return sorted({path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*/*.yaml")})


def _default(name: str) -> str:
    listed = yaml.safe_load((CONF / "config.yaml").read_text("utf-8"))["defaults"]
    chosen = {key.split()[-1]: value for one in listed if isinstance(one, dict) for key, value in one.items()}
    return chosen.get(name) or ""


def _prefix(name: str) -> str:
    return "" if name == "experiment" else f"{name.replace('/', '.')}."


def _overview(name: str, files: dict[str, File], default: str) -> str:
    rows = [f"| `{name}=` | |", "| --- | --- |"]
    for option, file in files.items():
        # The first sentence, without an example.
        first = (
            re.split(r"(?<!\bal)\.\s+(?=[A-Z])|[.:] (?=\w+=| )", " ".join(file.description))[0].rstrip(".")
            + "."
        )
        mark = " (default)" if option == default else ""
        rows.append(f"| [`{option}`](#{option}){mark} | {text.inline(first).replace('|', '&#124;')} |")
    return "\n".join(rows)


def _option(
    name: str, option: str, file: File, is_default: bool, files: dict[str, File], used: set[str]
) -> str:
    mark = ", the default" if is_default else ""
    parts = [
        f"## `{name}={option}`{mark} {{ #{option} data-toc-label='{option}' }}",
        text.paragraphs(file.description),
    ]
    bases = [base for base in file.bases if base in files]
    if bases:
        links = ", ".join(f"[`{name}={base}`](#{base})" for base in bases)
        parts.append(f"Has the keys of {links}, whose comments explain them, with these values:")
    if bases or name == "experiment":
        parts.append(f"```yaml\n{file.body}\n```")
        return "\n\n".join(parts)
    parts.append(
        _listed(file.keys, _prefix(name), used, option) if file.keys else "It has no keys of its own."
    )
    names = [match.group(1)[1:] for base in file.bases if (match := SHARED.match(base))]
    if names:
        links = " and ".join(f"[{one}](#{one})" for one in names)
        parts.append(f"It also has the keys below {links}.")
    others = [base for base in file.bases if base.startswith("/") and not SHARED.match(base)]
    if others:
        parts.append("It includes " + ", ".join(f"`{other[1:]}`" for other in others) + ".")
    return "\n\n".join(parts)


def _listed(keys: list[Key], prefix: str, used: set[str], option: str = "") -> str:
    """Return keys with their values and comments; a key without a comment shares that of the key above.

    The anchor of a key is its name, or option.name if another option of the page has the name.
    """
    parts: list[str] = []
    entries: list[tuple[list[tuple[str, str, str]], list[str]]] = []
    for key in keys:
        name = f"{prefix}{key.name}"
        if key.note:
            parts += [_shown_entries(entries), _shown_note(key.note)]
            entries = []
        if key.comment or not entries:
            entries.append(([], key.comment))
        anchor = f"{option}.{key.name}" if name in used else name
        used.add(name)
        entries[-1][0].append((anchor, name, key.value))
    return "\n\n".join([*parts, _shown_entries(entries)])


def _shown_entries(entries: list[tuple[list[tuple[str, str, str]], list[str]]]) -> str:
    return text.entries([text.entry(terms, text.paragraphs(comment)) for terms, comment in entries])


def _shown_note(note: list[str]) -> str:
    title, *rest = note
    if title.startswith("--- "):
        return f"### {title[4:]}\n\n{text.paragraphs(rest)}"
    return text.paragraphs(note)
