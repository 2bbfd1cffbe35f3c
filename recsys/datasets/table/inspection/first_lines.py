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
from recsys.datasets.table.text_scan import scan

N_LINES = 1000

_VALUE = re.compile(r"[-+]?[\d.,:/\- ]*\d[\d.,:/\- TZ]*")


def first_lines(path: Path) -> list[str]:
    """Return the first lines of a text file that are not blank."""
    encoding = scan(path).encoding
    with reading(path), open_binary(path) as binary:
        stream = io.TextIOWrapper(binary, encoding=encoding, errors="replace", newline="")
        return [line for line in islice(stream, N_LINES) if line.strip()]


@dataclass(frozen=True)
class LineForm:
    """Form of the lines of a text file.

    Parameters
    ----------
    orders : str
        Why each line is an order; "" for a table.
    header : bool
        Whether the first line of the table names the columns.
    """

    orders: str = ""
    header: bool = True


def line_form(lines: Sequence[str]) -> LineForm:
    """Return whether lines are orders or a table, with a header or without."""
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
    least, most = min(lengths[separator]), max(lengths[separator])
    return LineForm(f"the lines have {least} to {most} fields, separated by {separator!r}")


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
