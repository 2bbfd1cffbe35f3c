"""What the first lines of a text file say: a table with a header, or an order on each line."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from recsys.datasets.files import open_binary, reading
from recsys.datasets.table.layouts.item_separator import SEPARATORS
from recsys.datasets.table.names import guess_roles
from recsys.datasets.table.text_scan import scan

N_LINES = 1000
MAX_PREAMBLE = 20

_VALUE = re.compile(r"[-+]?[\d.,:/\- ]*\d[\d.,:/\- TZ]*")


def first_lines(path: Path) -> list[str]:
    """Return the first lines of a text file, blank ones too."""
    encoding = scan(path).encoding
    with reading(path), open_binary(path) as binary:
        stream = io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
        return list(islice(stream, N_LINES))


@dataclass(frozen=True)
class LineForm:
    """Form of the lines of a text file.

    Parameters
    ----------
    orders : str
        Why each line is an order; "" for a table.
    header : bool
        Whether the first line of the table names the columns.
    skip : int
        Number of lines before it.
    """

    orders: str = ""
    header: bool = True
    skip: int = 0


def line_form(lines: Sequence[str]) -> LineForm:
    """Return whether lines are orders or a table, with a header or without."""
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    lines = [lines[number] for number in numbers]
    split = {one: list(csv.reader(lines, delimiter=one)) for one in SEPARATORS}
    lengths = {one: {len(row) for row in rows} for one, rows in split.items()}
    if tables := [one for one, found in lengths.items() if len(found) == 1 and found != {1}]:
        rows = split[tables[0]]
        if _is_header(rows[0], rows[1:]):
            return LineForm()
        return LineForm("the first line holds items as the others do" if _share(rows) else "", header=False)
    separator = max(lengths, key=lambda one: max(lengths[one], default=0))
    if len(lengths[separator]) < 2:
        return LineForm()
    if n_before := _preamble(lines):
        return LineForm(skip=numbers[n_before])
    least, most = min(lengths[separator]), max(lengths[separator])
    return LineForm(f"the lines have {least} to {most} fields, separated by {separator!r}")


def _preamble(lines: Sequence[str]) -> int:
    """Return the number of lines before those of a table whose header has the name of a role; 0 without."""
    for separator in SEPARATORS:
        rows = list(csv.reader(lines, delimiter=separator))
        n_before = next((n for n in range(len(rows)) if len({len(row) for row in rows[n:]}) == 1), 0)
        if not 0 < n_before <= MAX_PREAMBLE or len(rows) != len(lines) or len(rows) < n_before + 2:
            continue
        header, *others = rows[n_before:]
        if len(header) > 1 and _is_header(header, others) and any(map(guess_roles, header)):
            return n_before
    return 0


def _share(rows: Sequence[Sequence[str]]) -> bool:
    """Whether most columns hold values of others, as items do that stand anywhere on a line."""
    columns = [{value for field in column if (value := field.strip())} for column in zip(*rows, strict=True)]
    shared = [bool(one & set().union(*(other for other in columns if other is not one))) for one in columns]
    return sum(shared) > len(shared) / 2


def _is_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether a line holds names: different ones, no numbers or dates, no values of other lines.

    The line itself may stand again, where tables were written one after the other.
    """
    names = [name for field in first if (name := field.strip())]
    values = {value.strip() for row in others if list(row) != list(first) for value in row}
    return len(set(names)) == len(names) and not any(_VALUE.fullmatch(one) or one in values for one in names)
