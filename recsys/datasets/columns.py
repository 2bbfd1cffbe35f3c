"""The columns of a large text table, read fast, and explained slowly when they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, NoReturn

import numpy.typing as npt

from recsys.datasets.batches import gather
from recsys.datasets.fields import Column
from recsys.datasets.tables import TextTable, reading
from recsys.errors import DataFormatError

BYTES_AT_ONCE = 2**23


def read_columns(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read some columns of a table.

    Arrow reads the file in batches, straight into typed arrays, so that the text is never in memory as a
    whole. What it cannot convert is looked for in a second, slow pass, whose only purpose is an error that
    names line, column, value and cure.

    Parameters
    ----------
    table : TextTable
        The file.
    columns : mapping of str to Column
        What to read, under the names of the result.

    Returns
    -------
    dict of str to ndarray
        int64 for integers and times (seconds since 1970), float64 for numbers, int64 or text for ids.

    Raises
    ------
    DataFormatError
        If a column is missing, the table has no rows, or a value is missing, not finite or of another kind;
        if a quote is not closed where it should be, or an id holds a line break.
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
            _explain(table, list(columns.values()), str(error))


def _read(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.csv

    options = _options(table, list(columns.values()))
    try:
        with pa.csv.open_csv(table.path, **options) as batches:
            return gather(batches, columns)
    except pa.ArrowInvalid:
        # What kind of times a column holds is told by its first block, and later ones may hold dates of
        # another form. Read at once, they get a form that suits all.
        if all(column.kind != "time" for column in columns.values()):
            raise
    return gather(pa.csv.read_csv(table.path, **options).to_batches(), columns)


def _options(table: TextTable, columns: list[Column]) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.csv

    names = None if table.names is None else list(table.names)
    if len(table.separator) > 1:
        # Arrow knows separators of one character: between two colons it sees an empty column more.
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
            include_columns=[column.name for column in columns],
            column_types={column.name: types[column.kind] for column in columns if column.kind in types},
            null_values=[""],
        ),
    }


def _explain(table: TextTable, columns: list[Column], reason: str) -> NoReturn:
    """Find the first line that is wrong and raise the error that describes it."""
    positions = [(table.position(column), column) for column in columns]
    line = None
    for line, row in table.records():
        for position, column in positions:
            table.check(column, line, row[position])
    if line is None:
        raise DataFormatError(f"{table.path} has no ratings, only a header. Give a file that holds some.")
    raise DataFormatError(f"{table.path} cannot be read as a table: {reason}. Correct or replace the file.")
