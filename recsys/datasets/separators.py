"""Separators: which one a file seems to have whose header is not as expected."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from optuna_sweeper.shell import typed_override

# A blank or a colon may well stand within a name: they come last.
CANDIDATES = (",", ";", "\t", "|", ":", " ")
_KEY = "dataset.separator"


def likely_separator(lines: Sequence[str], separator: str, name: str) -> str | None:
    """Return the character that seems to separate the fields of a file; None if it may be `separator`.

    Parameters
    ----------
    lines : sequence of str
        The header and some lines after it; at least one.
    separator : str
        The separator that was tried.
    name : str
        A column that the file should have.
    """
    header, *rows = lines
    others = [candidate for candidate in CANDIDATES if candidate != separator]
    for candidate in others:
        if name in _split(header, candidate):
            return candidate
    if len(_split(header, separator)) > 1:
        return None
    for candidate in others:
        n_columns = len(_split(header, candidate))
        if n_columns > 1 and all(len(_split(row, candidate)) == n_columns for row in rows):
            return candidate
    return None


def separator_cure(lines: Sequence[str], separator: str, name: str, key: str) -> str:
    """Return how to read a file without the column `name`, if its separator is another one; else nothing.

    Parameters
    ----------
    lines, separator, name
        As for `likely_separator`.
    key : str
        Config key that names the column.
    """
    likely = likely_separator(lines, separator, name)
    if likely is None:
        return ""
    names = _split(lines[0], likely)
    override = typed_override(_KEY, r"\t" if likely == "\t" else likely)  # as csv_file reads a tab
    cure = f"The fields seem to be separated by {likely!r}. Set {override}"
    if name not in names:
        cure += f", and {key} to one of {', '.join(map(repr, names))}"
    return f"{cure}."


def _split(line: str, separator: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line.strip("\r\n")], delimiter=separator), [])]
