"""Columns of items, chosen by names and patterns, or by their numbers: item_1, item_2, ..."""

import re
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.columns import TableColumns
from recsys.datasets.table.source import ROW
from recsys.errors import DataFormatError

DEFAULT = (TableColumns().item_id,)
KEY = "dataset.columns.item_id"

_NUMBERED = re.compile(r"(.*?)[ _.\-]*\(?(\d+)\)?")


def chosen_columns(names: Sequence[str], columns: TableColumns) -> list[str] | None:
    """Return the columns that `columns.item_id` chooses; None for the default, unless there is such a column.

    Patterns are applied in their order, as in .gitignore: "*" adds all columns without another role, "!age"
    takes one out.
    """
    patterns = columns.used(("item_id",))
    candidates = without_role(names, columns)
    if patterns == DEFAULT and patterns[0] not in names:
        return None
    chosen: dict[str, None] = {}
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        found = [name for name in candidates if name == bare] or [
            name for name in candidates if fnmatchcase(name, bare)
        ]
        if not found:
            raise DataFormatError(
                f"{KEY}: no column without another role is called {bare!r}; there are "
                f"{', '.join(map(shown, candidates)) or 'none'}. Set {KEY} to names or patterns among these."
            )
        for name in found:
            if bare == pattern:
                chosen[name] = None
            else:
                chosen.pop(name, None)
    return list(chosen)


def without_role(names: Sequence[str], columns: TableColumns) -> list[str]:
    """Return the columns that have no other role than that of an item."""
    others = columns.used([role for role in columns._fields if role != "item_id"])
    return [name for name in names if name not in others and name != ROW]


def numbered(names: Sequence[str]) -> list[list[str]]:
    """Return the series of numbered columns, the longest first: those of one name with different numbers."""
    series: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if match := _NUMBERED.fullmatch(name):
            series[match[1].lower()].append(name)
    return sorted((found for found in series.values() if len(found) > 1), key=len, reverse=True)


def pattern_of(series: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the shortest list of patterns that chooses a series among all names."""
    start = _NUMBERED.fullmatch(series[0])
    stem = series[0][: start.start(2)] if start else ""
    matching = [name for name in names if fnmatchcase(name, f"{stem}*")]
    return [f"{stem}*"] if matching == list(series) else list(series)


def typed_items(patterns: Sequence[str]) -> str:
    """Return the override that chooses columns of items."""
    return typed_override(KEY, patterns[0] if len(patterns) == 1 else list(patterns))
