"""Arrow arrays of item ids, and Parquet files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import DataFormatError, OutputError
from recsys.parameters import require_path

if TYPE_CHECKING:
    import pyarrow as pa


def write_tables(what: str, path: str | Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables to a Parquet file, each as a row group."""
    import pyarrow.parquet as pq

    path = require_path("path", path)
    try:
        with pq.ParquetWriter(path, schema) as writer:
            for table in tables:
                writer.write_table(table)
    except OSError as error:
        raise OutputError(f"The {what} cannot be written to {path}: {error}.") from error


def in_arrow(values: npt.NDArray[Any]) -> pa.Array:
    """Return numbers as an Arrow array of the same type, without a copy where they are contiguous.

    `pyarrow.array` would do, but imports pandas the first time, which takes 0.2 s.
    """
    import pyarrow as pa

    buffers = [None, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def ids_in_arrow(items: npt.NDArray[Any]) -> pa.Array:
    """Return item ids as an Arrow array; raise DataFormatError if there is no type for them."""
    import pyarrow as pa

    if items.dtype == np.int64:
        return in_arrow(items)
    # Without items only the type of the array is known.
    types = {"i": pa.int64(), "u": pa.int64()}
    try:
        if items.dtype.kind == "U":
            texts = [text.encode() for text in items.tolist()]
            starts = in_arrow(np.cumsum([0, *map(len, texts)])).cast(pa.int32())
            return pa.StringArray.from_buffers(len(texts), starts.buffers()[1], pa.py_buffer(b"".join(texts)))
        return pa.array(items.tolist(), None if len(items) else types.get(items.dtype.kind))
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataFormatError(
            f"Item ids must have a type in Arrow, to be written: integers of 64 bits, or text. {reason}. "
            "Make the transactions with other ids, for example str(item)."
        ) from error
