"""Guess the separator of a delimited file whose header is not as expected."""

import csv
from collections.abc import Sequence

from optuna_sweeper.shell import typed_override

# Blanks and colons are last because they occur within names.
CANDIDATES = (",", ";", "\t", "|", ":", " ")


def likely_separator(lines: Sequence[str], separator: str, name: str) -> str | None:
    """Return the probable separator of a file from its first lines; None if it may be `separator`.

    A separator is probable if the header then contains the column `name`; or, if `separator` does not split
    the header, if it gives all lines the same number of fields.
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


def separator_cure(lines: Sequence[str], separator: str, name: str, key: str | None) -> str:
    """Return how to read a file without the column `name` if it seems to have another separator; or "".

    `key` is the config key of the column, or None if the separator cannot be configured.
    """
    likely = likely_separator(lines, separator, name)
    if likely is None:
        return ""
    cure = f"The fields seem to be separated by {likely!r}. "
    if key is None:
        return f"{cure}Save the file with {separator!r} instead."
    override = typed_override("dataset.separator", r"\t" if likely == "\t" else likely)
    cure += f"Set {override}"
    names = _split(lines[0], likely)
    if name not in names:
        cure += f", and {key} to one of {', '.join(map(repr, names))}"
    return f"{cure}."


def _split(line: str, separator: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line.strip("\r\n")], delimiter=separator), [])]
