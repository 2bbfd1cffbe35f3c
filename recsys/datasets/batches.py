"""Columns that come in batches: each batch is converted as it arrives, so that nothing is held twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.datasets.fields import Column, ids_from_text

if TYPE_CHECKING:
    import pyarrow as pa


def gather(batches: Iterable[pa.RecordBatch], columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Put the batches of some columns together.

    Parameters
    ----------
    batches : iterable of RecordBatch
        They hold the columns by the names in the file. Ids are dictionaries of text.
    columns : mapping of str to Column
        What to gather, under the names of the result.

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

    gathered = {name: _Gathered(column) for name, column in columns.items()}
    n_rows = 0
    for batch in batches:
        n_rows += batch.num_rows
        for name, column in columns.items():
            gathered[name].append(batch.column(column.name))
    if n_rows == 0:
        raise pa.ArrowInvalid("there are no rows")
    # One after the other, and the pieces of each go as it is made.
    return {name: gathered.pop(name).array() for name in columns}


class _Gathered:
    """The pieces of a column."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._pieces: list[npt.NDArray[Any]] = []
        self._codes: dict[str, int] = {}

    def append(self, values: pa.Array) -> None:
        """Convert a piece; raise ArrowInvalid when a value is missing or not finite."""
        import pyarrow as pa

        if values.null_count:
            raise pa.ArrowInvalid("a value is missing")
        if not len(values):
            return
        if self._column.kind == "id":
            self._pieces.append(self._encode(values))
            return
        if self._column.kind == "time" and not pa.types.is_integer(values.type):
            if not pa.types.is_temporal(values.type) or pa.types.is_time(values.type):
                raise pa.ArrowInvalid(f"times are of type {values.type}")
            values = values.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        # Its own `to_numpy` imports pandas, which takes longer than the data.
        piece = np.from_dlpack(values)
        if self._column.kind == "number" and not np.isfinite(piece).all():
            raise pa.ArrowInvalid("a value is not finite")
        self._pieces.append(_halved(piece))

    def array(self) -> npt.NDArray[Any]:
        """Return the whole column."""
        if self._column.kind == "id":
            ids: npt.NDArray[Any] = ids_from_text(list(self._codes))[np.concatenate(self._pieces)]
            return ids
        return np.concatenate(self._pieces, dtype=np.float64 if self._column.kind == "number" else np.int64)

    def _encode(self, values: pa.DictionaryArray) -> npt.NDArray[np.int32]:
        """Return a number for each id: text is looked at once a distinct one, not once a row."""
        import pyarrow as pa

        codes = self._codes
        distinct = [text.strip() for text in values.dictionary.to_pylist()]
        if "" in distinct:
            raise pa.ArrowInvalid("an id is missing")
        numbers = [codes.setdefault(text, len(codes)) for text in distinct]
        encoded: npt.NDArray[np.int32] = np.array(numbers, dtype=np.int32)[np.from_dlpack(values.indices)]
        return encoded


def _halved(piece: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a copy in half the room, where every value fits exactly; it waits there for the other pieces."""
    with np.errstate(over="ignore"):
        small = piece.astype(np.float32 if piece.dtype.kind == "f" else np.int32)
    return small if np.array_equal(small, piece) else piece.copy()
