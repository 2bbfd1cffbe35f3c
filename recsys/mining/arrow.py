"""Arrow arrays of item ids, and Parquet files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def ids_in_arrow(items: npt.NDArray[Any]) -> pa.Array:
    """Return item ids as an Arrow array; raise DataFormatError if there is no type for them."""
    import pyarrow as pa

    # Without items only the type of the array is known.
    types = {"i": pa.int64(), "u": pa.int64(), "U": pa.string()}
    try:
        return pa.array(items.tolist(), None if len(items) else types.get(items.dtype.kind))
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataFormatError(
            f"Item ids must have a type in Arrow, to be written: integers of 64 bits, or text. {reason}. "
            "Make the transactions with other ids, for example str(item)."
        ) from error
