"""Convert the columns of an Arrow table to NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import Column, ids_from_text

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrays(table: pa.Table, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Return columns of a table, by their names in the result; ids in text are dictionaries in the table.

    Returns
    -------
    dict of str to ndarray
        int64 for integers and times (seconds since 1970), float64 for numbers, int64 or text for ids.

    Raises
    ------
    pyarrow.ArrowInvalid
        If there are no rows, or a value is missing, not finite or of another kind.
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
