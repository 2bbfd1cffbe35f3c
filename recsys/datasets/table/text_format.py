"""Separator and header of a delimited text file, found by looking at its first lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.separators import CANDIDATES
from recsys.errors import DataFormatError

# Excel's first line, which says how the fields are separated.
_PREAMBLE = re.compile(r"""\ufeff?"?sep=(.)"?\s*""", re.IGNORECASE)


def find_preamble(lines: Sequence[str]) -> str | None:
    """Return the separator that the first line states; None if it is not such a line."""
    found = _PREAMBLE.fullmatch(lines[0]) if lines else None
    return found[1] if found else None


def find_separator(path: Path, lines: Sequence[str], wanted: Collection[str] = ()) -> str:
    """Return the separator of a table from its first lines, the header among them.

    It is the one that gives the wanted columns, or else the one that gives all lines the same number of
    fields. Raise DataFormatError if two separators do.
    """
    header = {one: split(lines[0], one) for one in CANDIDATES}
    if wanted and len(set(wanted)) == 1 and all(len(names) == 1 for names in header.values()):
        # A table of a single column: what separates nothing.
        return next((one for one in CANDIDATES if all(len(split(line, one)) == 1 for line in lines)), ",")
    for fits in (
        [one for one in CANDIDATES if wanted and set(wanted) <= set(header[one])],
        [one for one in CANDIDATES if _splits_alike(lines, one)],
    ):
        # Blanks and colons stand within names and times: one of the others is meant.
        likely = [one for one in fits if one not in ": "] or fits
        if len(likely) == 1:
            return likely[0]
        if likely:
            readings = " or ".join(f"{one!r} ({len(header[one])} columns)" for one in likely)
            cures = " or ".join(separator_override(one) for one in likely)
            raise DataFormatError(
                f"{path}: the fields may be separated by {readings}; the first line is "
                f"{shown(lines[0].strip())}. Set {cures}."
            )
    return ","  # a single column, or lines of different lengths, which are refused when they are read


def separator_override(separator: str) -> str:
    """Return the override of a separator, as typed."""
    return typed_override("dataset.separator", r"\t" if separator == "\t" else separator)


def split(line: str, separator: str) -> list[str]:
    """Return the fields of a line, without blanks around them."""
    return [field.strip() for field in next(csv.reader([line.strip("\r\n")], delimiter=separator), [])]


def _splits_alike(lines: Sequence[str], separator: str) -> bool:
    n_fields = {len(split(line, separator)) for line in lines if line.strip()}
    return len(n_fields) == 1 and n_fields != {1}


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """Name columns without a name by their position ("column3"), and repeated ones with a number ("item_2").

    DuckDB does not distinguish capitals.
    """
    distinct: dict[str, str] = {}
    for position, given in enumerate(names, start=1):
        name, number = given.strip() or f"column{position}", 2
        stem = name
        while name.lower() in distinct:
            name, number = f"{stem}_{number}", number + 1
        distinct[name.lower()] = name
    return tuple(distinct.values())
