"""Read columns of a large text table quickly; find the line of an error slowly."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy.typing as npt

from recsys.datasets.arrow import to_arrays
from recsys.datasets.fields import Column
from recsys.datasets.files import reading
from recsys.datasets.tables import TextTable
from recsys.errors import DataFormatError

BYTES_AT_ONCE = 2**23


def read_columns(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read columns of a table with Arrow, by their names in the result; see `to_arrays`.

    If Arrow fails, a second, slow pass finds line, column and value for the message.

    Raises
    ------
    DataFormatError
        If a column is missing, the table has no rows, or a value is missing, not finite or of another kind;
        if a quote is not closed where it should be, or an id contains a line break.
    """
    import pyarrow as pa

    for column in columns.values():
        table.position(column)
    if table.quoted:
        table.check_quotes(columns.values())
    with reading(table.path):
        try:
            return _read(table, columns)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise _explained(table, columns, str(error)) from None


def _read(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.csv

    options = _options(table, columns)
    try:
        with pa.csv.open_csv(table.path, **options) as reader:
            return to_arrays(reader.read_all(), columns)
    except pa.ArrowInvalid:
        # The first block decides on the form of times, and a later one may have dates of another form.
        if all(column.kind != "time" for column in columns.values()):
            raise
    return to_arrays(pa.csv.read_csv(table.path, **options), columns)


def _options(table: TextTable, columns: Mapping[str, Column]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv

    names = None if table.names is None else list(table.names)
    if len(table.separator) > 1:
        # Arrow takes one character: between two colons it sees an empty column.
        names = list(chain.from_iterable((name, f"after {name}") for name in table.columns))[:-1]
    types = {"integer": pa.int64(), "number": pa.float64(), "id": pa.dictionary(pa.int32(), pa.string())}
    return {
        "read_options": pa.csv.ReadOptions(
            column_names=names, encoding=table.encoding, block_size=BYTES_AT_ONCE
        ),
        "parse_options": pa.csv.ParseOptions(
            delimiter=table.separator[0],
            quote_char='"' if table.quoted else False,
            newlines_in_values=table.quoted,
        ),
        "convert_options": pa.csv.ConvertOptions(
            include_columns=[column.name for column in columns.values()],
            column_types={one.name: types[one.kind] for one in columns.values() if one.kind in types},
            null_values=[""],
        ),
    }


def _explained(table: TextTable, columns: Mapping[str, Column], reason: str) -> DataFormatError:
    """Raise the error of the first wrong line; return one with Arrow's reason if no line is wrong."""
    positions = [(table.position(column), column) for column in columns.values()]
    line = None
    for line, row in table.records():
        for position, column in positions:
            table.check(column, line, row[position])
    if line is None:
        return DataFormatError(f"{table.path} has no ratings, only a header. Give a file that holds some.")
    return DataFormatError(f"{table.path} cannot be read as a table: {reason}. Correct or replace the file.")
