"""Fetch columns of a relation, all rows at once or none: a second query may give them in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyRelation

ROWS_AT_ONCE = 500_000


@dataclass(frozen=True)
class Field:
    """A column to fetch.

    Parameters
    ----------
    sql : str
    kind : {"integer", "number", "text"}
        BIGINT, DOUBLE or VARCHAR.
    otherwise : callable, optional
        Returns the field to fetch instead if a value is NULL.
    """

    sql: str
    kind: Literal["integer", "number", "text"]
    otherwise: Callable[[], Field] | None = None


@dataclass(eq=False)
class Fetched:
    """A column of n rows.

    Parameters
    ----------
    values : ndarray, shape (n,)
        int64 or float64; of text the positions in `texts`, int32. Zero where missing.
    texts : list of str
        The distinct texts; empty for numbers.
    missing : ndarray of bool, shape (n,), or None
        None if no value is missing.
    """

    values: npt.NDArray[Any]
    texts: list[str]
    missing: npt.NDArray[np.bool_] | None


def fetch(data: DuckDBPyRelation, fields: Mapping[str, Field]) -> tuple[dict[str, Fetched], dict[str, Field]]:
    """Return columns of a relation, by the names of their fields, and the fields that were fetched."""
    chunks, with_null = _chunks(data, fields)
    if other := {name: call() for name in with_null if (call := fields[name].otherwise)}:
        return fetch(data, {**fields, **other})
    return {name: _joined(chunks.pop(name), field) for name, field in fields.items()}, dict(fields)


def _chunks(
    data: DuckDBPyRelation, fields: Mapping[str, Field]
) -> tuple[dict[str, list[pa.Array]], list[str]]:
    """Return the columns in chunks, and the names of those with a NULL; stop where one has another field."""
    chunks: dict[str, list[pa.Array]] = {name: [] for name in fields}
    sql = ", ".join(f"{field.sql} AS c{number}" for number, field in enumerate(fields.values()))
    with_null: dict[str, None] = {}
    with data.project(sql).to_arrow_reader(ROWS_AT_ONCE) as reader:
        for batch in reader:
            for (name, field), column in zip(fields.items(), batch.columns, strict=True):
                chunks[name].append(column.dictionary_encode() if field.kind == "text" else column)
                if column.null_count:
                    with_null[name] = None
            if any(fields[name].otherwise for name in with_null):
                break
    return chunks, list(with_null)


def _joined(chunks: list[pa.Array], field: Field) -> Fetched:
    import pyarrow as pa

    missing = _missing(chunks)
    if field.kind != "text":
        values = _concatenated(chunks, np.int64 if field.kind == "integer" else np.float64)
        return Fetched(values, [], missing)
    if not chunks:
        return Fetched(np.empty(0, np.int32), [], None)
    unified = pa.chunked_array(chunks).unify_dictionaries().chunks
    positions = _concatenated([chunk.indices for chunk in unified], np.int32)
    return Fetched(positions, unified[0].dictionary.to_pylist(), missing)


def _concatenated(chunks: list[pa.Array], dtype: Any) -> npt.NDArray[Any]:
    # Arrow's own `to_numpy` imports pandas, which takes longer than the data.
    filled = (chunk.fill_null(0) if chunk.null_count else chunk for chunk in chunks)
    return np.concatenate([np.empty(0, dtype), *map(np.from_dlpack, filled)])


def _missing(chunks: list[pa.Array]) -> npt.NDArray[np.bool_] | None:
    if not any(chunk.null_count for chunk in chunks):
        return None
    import pyarrow as pa

    flags = [np.from_dlpack(chunk.is_null().cast(pa.uint8())) for chunk in chunks]
    return np.concatenate(flags).astype(np.bool_)
