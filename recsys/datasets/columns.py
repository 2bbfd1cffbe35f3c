"""The columns of a large text table, read fast, and explained slowly when they cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import Column, ids_from_text
from recsys.datasets.tables import TextTable, reading
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa


def read_columns(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read some columns of a table.

    Arrow reads the file, in parallel and straight into typed arrays. What it cannot convert is looked for in
    a second, slow pass, whose only purpose is an error that names line, column, value and cure.

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
        If a column is missing, the table has no rows, or a value is missing, not finite or of another kind.
    """
    import pyarrow as pa

    for column in columns.values():
        table.position(column)
    with reading(table.path):
        try:
            arrow = _read_arrow(table, list(columns.values()))
            if arrow.num_rows == 0:
                raise pa.ArrowInvalid("there are no rows")
            values = {name: _to_numpy(arrow[column.name], column) for name, column in columns.items()}
        except (pa.ArrowInvalid, UnicodeError) as error:
            _explain(table, list(columns.values()), str(error))
    return values


def _read_arrow(table: TextTable, columns: list[Column]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    names = None if table.names is None else list(table.names)
    if len(table.separator) > 1:
        # Arrow knows separators of one character: between two colons it sees an empty column more.
        names = list(chain.from_iterable((name, f"after {name}") for name in table.columns))[:-1]
    types = {"integer": pa.int64(), "number": pa.float64(), "id": pa.string()}
    return pa.csv.read_csv(
        table.path,
        read_options=pa.csv.ReadOptions(column_names=names, encoding=table.encoding),
        parse_options=pa.csv.ParseOptions(
            delimiter=table.separator[0],
            quote_char='"' if table.quoted else False,
            newlines_in_values=table.quoted,
        ),
        convert_options=pa.csv.ConvertOptions(
            include_columns=[column.name for column in columns],
            column_types={column.name: types[column.kind] for column in columns if column.kind in types},
            null_values=[""],
        ),
    )


def _to_numpy(values: pa.ChunkedArray, column: Column) -> npt.NDArray[Any]:
    """Convert a column; raise ArrowInvalid when a value is missing or not finite."""
    import pyarrow as pa

    if values.null_count:
        raise pa.ArrowInvalid("a value is missing")
    if column.kind == "id":
        return _ids(values)
    if column.kind == "time" and not pa.types.is_integer(values.type):
        if not pa.types.is_temporal(values.type) or pa.types.is_time(values.type):
            raise pa.ArrowInvalid(f"times are of type {values.type}")
        values = values.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    array = _concatenate(values.chunks)
    if column.kind == "number" and not np.isfinite(array).all():
        raise pa.ArrowInvalid("a value is not finite")
    return array


def _ids(values: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Convert ids once a distinct one, not once a row."""
    import pyarrow as pa

    encoded = values.dictionary_encode().unify_dictionaries()
    distinct = [text.strip() for text in encoded.chunk(0).dictionary.to_pylist()]
    if "" in distinct:
        raise pa.ArrowInvalid("an id is missing")
    ids: npt.NDArray[Any] = ids_from_text(distinct)[_concatenate(chunk.indices for chunk in encoded.chunks)]
    return ids


def _concatenate(chunks: Iterable[pa.Array]) -> npt.NDArray[Any]:
    """Copy chunks into one array; their own `to_numpy` imports pandas, which takes longer than the data."""
    return np.concatenate([np.from_dlpack(chunk) for chunk in chunks])


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
