"""`recsys inspect`: what a file is, how it would be read, and the command to go on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from optuna_sweeper.safe_text import printable, printable_lines
from optuna_sweeper.shell import typed_override
from recsys.cli import terminal
from recsys.errors import ParameterError
from recsys.runs.trusted import CONF
from recsys.runs.yaml_file import load_yaml

if TYPE_CHECKING:
    from recsys.datasets.table.inspection import Inspection

EXAMPLE = """\
example:
  python -m recsys inspect sales.csv
  python -m recsys inspect sales.csv dataset.timestamp_format=%d/%m/%Y
"""
FILE = "CSV, Parquet or JSON, plain or gzipped; a folder, a pattern in quotes, or a database"
OVERRIDES = "settings that are known, such as those that a message advises"
WIDTH = 40  # of the examples
MAX_COLUMNS, MAX_ITEMS = 40, 8


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found out; return the exit code, 1 if the file cannot be read yet."""
    parser = terminal.parser("inspect", example=EXAMPLE)
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument("overrides", metavar="dataset.KEY=VALUE", nargs="*", help=OVERRIDES)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    settings = _settings(given.overrides)
    from recsys.datasets.table.inspection import inspect  # late: --help does not need it

    found = inspect(given.file, settings, _config)
    if given.json:
        answer = {**asdict(found), "commands": commands(found)}
        print(printable_lines(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False)))
    else:
        print("\n\n".join(_paragraphs(found)))
    return 1 if found.problems else 0


def commands(found: Inspection) -> dict[str, str]:
    """Return the commands to go on with, by their purpose; none if the file cannot be read yet."""
    if found.problems:
        return {}
    overrides = [
        f"dataset={found.choice}",
        *(typed_override(f"dataset.{key}", value) for key, value in found.place.items()),
        *(typed_override(f"dataset.{key}", value) for key, value in found.settings.items()),
    ]
    found_commands = {"run": f"python -m recsys {' '.join(overrides)}"}
    if "orders" in found.counts:
        evaluation = "" if found.has_customers else "evaluation=complete_basket "
        found_commands["tune"] = f"python -m recsys experiment=baskets {evaluation}{' '.join(overrides)}"
        found_commands["register"] = "python -m recsys registry register --latest"
        found_commands["serve"] = "python -m recsys serve"
    return found_commands


def _settings(overrides: Sequence[str]) -> dict[str, Any]:
    """Return overrides of `dataset` as settings, nested as they are."""
    settings: dict[str, Any] = {}
    for text in overrides:
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException as error:
            raise ParameterError("the override", "dataset.KEY=VALUE", text) from error
        group, *path = override.key_or_group.split(".")
        if group != "dataset" or not path:
            raise ParameterError("the override", "one of dataset, as dataset.KEY=VALUE", text)
        place = settings
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[path[-1]] = override.value()
    return settings


def _config(choice: str) -> Mapping[str, Any]:
    """Return the settings of a data set that has a config of its own, without those of dataset=table."""
    settings = load_yaml(CONF / "dataset" / f"{choice}.yaml")
    return {key: value for key, value in settings.items() if key != "defaults"}


def _paragraphs(found: Inspection) -> list[str]:
    parts = [printable_lines("\n".join(found.format or [found.path]))]
    if found.columns:
        parts.append(_columns(found))
    if found.reason:
        parts.append(_layout(found))
    if found.counts:
        parts.append(_read(found))
    if found.warnings:
        parts.append("Note:\n" + "\n".join(f"  {printable(one)}" for one in found.warnings))
    if found.problems:
        parts.append("To settle:\n" + "\n".join(f"  {printable(one)}" for one in found.problems))
        parts.append("Add what it says behind the file's name to look again.")
    found_commands = commands(found)
    if run := found_commands.pop("run", None):
        parts.append(f"To go on:\n  {run}")
    if found_commands:
        steps = "\n  ".join(found_commands.values())
        what = "of the next order" if found.has_customers else "that completes baskets"
        parts.append(f"To tune a recommender {what}, and serve it:\n  {steps}")
    return parts


def _columns(found: Inspection) -> str:
    roles = {
        name: role
        for role, names in found.roles.columns.items()
        for name in ([names] if isinstance(names, str) else names)
    }
    rows = [("column", "holds", "distinct", "missing", "for example", "role")]
    for one in found.columns[:MAX_COLUMNS]:
        examples = ", ".join(one.examples)
        shown = examples if len(examples) <= WIDTH else f"{examples[:WIDTH]}..."
        counts = f"{one.n_distinct:,}", f"{one.n_missing:,}"
        rows.append((one.name, one.kind, *counts, shown, roles.get(one.name, "")))
    more = len(found.columns) - MAX_COLUMNS
    return terminal.table(rows) + (f"\nand {more:,} more columns" if more > 0 else "")


def _layout(found: Inspection) -> str:
    if found.choice != "table":
        return f"This is the data set {found.choice}, known by {found.reason}: it has a config of its own."
    lines = [f"Layout {found.layout}: {found.reason}."]
    lines += [
        f"  {role}: {_joined(found.roles.columns.get(role, ''))} ({reason})".replace(":  (", ": (")
        for role, reason in found.roles.reasons.items()
    ]
    return "\n".join(map(printable, lines))


def _joined(names: str | list[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def _read(found: Inspection) -> str:
    counts = ", ".join(f"{count:,} {noun}" for noun, count in found.counts.items())
    lines = [f"Read: {counts}. The first:"]
    for name, items in found.orders:
        more = f" and {len(items) - MAX_ITEMS} more" if len(items) > MAX_ITEMS else ""
        lines.append(f"  {name}: {', '.join(items[:MAX_ITEMS])}{more}")
    return "\n".join(map(printable, lines))
