"""The reference of a config group, from the keys, values and comments of its files in conf/."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from recsys.cli import config_groups
from recsys.cli.config_groups import Key
from recsys.runs.trusted import CONF
from scripts.documentation import text

SHARED = re.compile(r"^/(_\w+)@_here_$")


def group(name: str) -> str:
    """Return the reference of a group: its options, the default first, and what several of them share."""
    (found,) = (one for one in config_groups.groups() if one.name == name)
    files = {option: CONF / name / f"{option}.yaml" for option in found.options}
    shown, used, shared = [_overview(name, files, found.default)], set[str](), dict[str, None]()
    for option in sorted(files, key=lambda option: (option != found.default, option)):
        shared |= dict.fromkeys(_shared(files[option]))
        shown.append(_option(name, option, files, option == found.default, used))
    for base in shared:
        path = CONF / f"{base}.yaml"
        described = text.paragraphs(config_groups.heading(path).splitlines())
        shown += [f"## Shared: {base[1:]} {{ #{base[1:]} }}", described]
        shown.append(_listed(config_groups.own_keys(path), _prefix(name), used))
    return "\n\n".join(shown)


def main() -> str:
    """Return the reference of config.yaml: the keys outside the groups."""
    return _listed(config_groups.main_keys(), "", set())


def is_built_on_another(path: Path) -> bool:
    """Return whether an option has the keys of another one of its group."""
    return any((path.parent / f"{base}.yaml").is_file() for base in config_groups.bases(path))


def _shared(path: Path) -> list[str]:
    return [match.group(1) for base in config_groups.bases(path) if (match := SHARED.match(base))]


def _prefix(name: str) -> str:
    return "" if name == "experiment" else f"{name.replace('/', '.')}."


def _overview(name: str, files: dict[str, Path], default: str | None) -> str:
    rows = [f"| `{name}=` | |", "| --- | --- |"]
    for option, path in files.items():
        mark = " (default)" if option == default else ""
        rows.append(f"| [`{option}`](#{option}){mark} | {_summary(path).replace('|', '&#124;')} |")
    return "\n".join(rows)


def _summary(path: Path) -> str:
    """Return the first sentence of the comment at the top of a file, without an example."""
    described = " ".join(config_groups.heading(path).split("\n  ")[0].split())
    first = re.split(r"(?<!\bal)\.\s+(?=[A-Z])|[.:] (?=\w+=)", described)[0]
    return text.inline(first.rstrip(".:").removesuffix(". Example") + ".")


def _option(name: str, option: str, files: dict[str, Path], is_default: bool, used: set[str]) -> str:
    mark, path = ", the default" if is_default else "", files[option]
    parts = [f"## `{name}={option}`{mark} {{ #{option} data-toc-label='{option}' }}"]
    parts.append(text.paragraphs(config_groups.heading(path).splitlines()))
    bases = config_groups.bases(path)
    if is_built_on_another(path):
        links = ", ".join(f"[`{name}={base}`](#{base})" for base in bases if base in files)
        parts.append(f"Has the keys of {links}, whose comments explain them, with these values:")
    if is_built_on_another(path) or name == "experiment":
        return "\n\n".join([*parts, f"```yaml\n{config_groups.body(path)}\n```"])
    keys = config_groups.own_keys(path)
    parts.append(_listed(keys, _prefix(name), used, option) if keys else "It has no keys of its own.")
    if shared := _shared(path):
        parts.append(
            f"It also has the keys below {' and '.join(f'[{one[1:]}](#{one[1:]})' for one in shared)}."
        )
    return "\n\n".join(parts)


def _listed(keys: list[Key], prefix: str, used: set[str], option: str = "") -> str:
    """Return keys with their values and comments; a key without a comment shares that of the key above.

    The anchor of a key is its name, or option.name if another option of the page has the name.
    """
    parts: list[str] = []
    entries: list[tuple[list[tuple[str, str, str]], str]] = []
    for key in keys:
        name = f"{prefix}{key.name}"
        if key.note:
            parts += [_shown_entries(entries), _shown_note(key.note)]
            entries = []
        if key.comment or not entries:
            entries.append(([], key.comment))
        anchor = f"{option}.{key.name}" if name in used else name
        used.add(name)
        entries[-1][0].append((anchor, name, _shown(key.value)))
    return "\n\n".join([*parts, _shown_entries(entries)])


def _shown_entries(entries: list[tuple[list[tuple[str, str, str]], str]]) -> str:
    return text.entries(
        [text.entry(terms, text.paragraphs(comment.splitlines())) for terms, comment in entries]
    )


def _shown_note(note: str) -> str:
    title, *rest = note.splitlines()
    if title.startswith("--- "):
        return f"### {title[4:]}\n\n{text.paragraphs(rest)}"
    return text.paragraphs(note.splitlines())


def _shown(value: object) -> str:
    """Return a value as YAML, on one line."""
    shown = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), sort_keys=False)
    return shown.removesuffix("\n...\n").strip()
