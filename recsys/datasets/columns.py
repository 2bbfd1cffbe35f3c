"""Read columns of large tables with Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import Column, ids_from_text
from recsys.datasets.files import reading
from recsys.datasets.tables import TextTable
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_AT_ONCE = 2**23


def read_columns(table: TextTable, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read columns of a table with Arrow; see `to_arrays`.

    If that fails, a second, slow pass raises DataFormatError with line, column and value.
    """
    import pyarrow as pa

    for column in columns.values():
        table.position(column)
    if table.quoted:
        table.check_quotes(columns.values())
    with reading(table.path):
        try:
            arrays = _read(table, columns)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise _explained(table, columns, str(error)) from None
        if any(column.kind in ("integer", "time") for column in columns.values()) and _has_0x(table.path):
            _check_values(table, columns)
        return arrays


def _has_0x(path: Path) -> bool:
    """Return whether a file may hold hexadecimal numbers, which Arrow reads as integers."""
    import pyarrow as pa

    last = b""
    with pa.input_stream(str(path)) as stream:
        while block := stream.read(BYTES_AT_ONCE):
            # One letter is found ten times as fast as two.
            if (b"x" in block or b"X" in block) and b"0x" in (last + block).lower():
                return True
            last = block[-1:]
    return False


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
    if _check_values(table, columns) is None:
        return DataFormatError(f"{table.path} has no rows, only a header. Give a file that holds some.")
    return DataFormatError(f"{table.path} cannot be read as a table: {reason}. Correct or replace the file.")


def _check_values(table: TextTable, columns: Mapping[str, Column]) -> int | None:
    """Raise the error of the first wrong line; return the number of the last line, None without any."""
    positions = [(table.position(column), column) for column in columns.values()]
    line = None
    for line, row in table.records():
        for position, column in positions:
            table.check(column, line, row[position])
    return line


def to_arrays(table: pa.Table, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Return columns of a table, by their names in the result; ids in text are dictionaries in the table.

    int64 for integers and times (seconds since 1970), float64 for numbers, int64 or text for ids. Raise
    ArrowInvalid if there are no rows, or a value is missing, not finite or of another kind.
    """
    import pyarrow as pa

    if not table.num_rows:
        raise pa.ArrowInvalid("there are no rows")
    stored = {name: table.column(column.name) for name, column in columns.items()}
    del table  # so that each column is freed once it has been converted
    return {name: _to_array(stored.pop(name), column) for name, column in columns.items()}


def _to_array(values: pa.ChunkedArray, column: Column) -> npt.NDArray[Any]:
    import pyarrow as pa

    if values.null_count:
        raise pa.ArrowInvalid("a value is missing")
    if column.kind == "id":
        chunks = [chunk for chunk in values.unify_dictionaries().chunks if len(chunk)]
        ids = [text.strip() for text in chunks[0].dictionary.to_pylist()]
        if "" in ids:
            raise pa.ArrowInvalid("an id is missing")
        rows = np.concatenate([np.from_dlpack(chunk.indices) for chunk in chunks])
        return np.take(ids_from_text(ids), rows)
    if column.kind == "time" and not pa.types.is_integer(values.type):
        if not pa.types.is_temporal(values.type) or pa.types.is_time(values.type):
            raise pa.ArrowInvalid(f"times are of type {values.type}")
        values = values.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    # Arrow's own `to_numpy` imports pandas, which takes longer than the data.
    array = np.concatenate([np.from_dlpack(chunk) for chunk in values.chunks])
    if column.kind == "number" and not np.isfinite(array).all():
        raise pa.ArrowInvalid("a value is not finite")
    return array
