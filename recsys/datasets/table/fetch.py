"""Fetch columns of a relation, all in one query: a second one may give the rows in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from recsys.datasets.table.ids import BLANKS, is_missing, text_sql

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyRelation

Kind = Literal["integer", "number", "text"]

ROWS_AT_ONCE = 500_000
_DTYPES: dict[Kind, Any] = {"integer": np.int64, "number": np.float64, "text": np.int32}


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
    form : str
        How values must be written, for errors.
    """

    sql: str
    kind: Kind
    otherwise: Callable[[], Field] | None = None
    form: str = ""

    @property
    def is_missing(self) -> str:
        """The SQL condition that there is no value."""
        return f"({text_sql(self.sql) if self.kind == 'text' else self.sql}) IS NULL"


@dataclass(eq=False)
class Fetched:
    """A column of n rows.

    Parameters
    ----------
    values : ndarray, shape (n,)
        int64 or float64; of text the positions in `texts`, int32. Any where missing.
    texts : list of str
        The texts that occur, without blanks around them; empty for numbers.
    missing : ndarray of bool, shape (n,), or None
        None if no value is missing.
    """

    values: npt.NDArray[Any]
    texts: list[str]
    missing: npt.NDArray[np.bool_] | None


def fetch(
    data: DuckDBPyRelation, fields: Mapping[str, Field], n_rows: int
) -> tuple[dict[str, Fetched], dict[str, Field]]:
    """Return columns of a relation, by the names of their fields, and the fields that were fetched.

    Memory is reserved for `n_rows`, and for more where there are more.
    """
    growing = {name: _Growing(field.kind, n_rows) for name, field in fields.items()}
    sql = ", ".join(f"{field.sql} AS c{number}" for number, field in enumerate(fields.values()))
    unsuitable: list[str] = []
    with data.project(sql).to_arrow_reader(ROWS_AT_ONCE) as reader:
        for batch in reader:
            for one, column in zip(growing.values(), batch.columns, strict=True):
                one.add(column)
            with_null = [name for name, one in growing.items() if one.missing is not None]
            if unsuitable := [name for name in with_null if fields[name].otherwise]:
                break
    others = {name: call() for name in unsuitable if (call := fields[name].otherwise)}
    if others:
        return fetch(data, {**fields, **others}, n_rows)
    return {name: growing.pop(name).fetched() for name in fields}, dict(fields)


class _Growing:
    """A column to which batches are added."""

    def __init__(self, kind: Kind, n_rows: int) -> None:
        self.kind: Kind = kind
        self.n = 0
        self.values: npt.NDArray[Any] = np.empty(n_rows, dtype=_DTYPES[kind])
        self.missing: npt.NDArray[np.bool_] | None = None
        self.texts: dict[str, int] = {}

    def add(self, column: pa.Array) -> None:
        """Add the values of a batch."""
        n = self.n + len(column)
        if n > len(self.values):
            self.values = np.resize(self.values, 2 * n)
        values, is_null = self._of(column)
        if is_null is not None or self.missing is not None:
            before = np.zeros(self.n, dtype=np.bool_) if self.missing is None else self.missing
            flags = np.zeros(len(column), dtype=np.bool_) if is_null is None else is_null
            self.missing = np.append(before, flags)
        self.values[self.n : n] = values
        self.n = n

    def _of(self, column: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
        if self.kind != "text":
            return _to_numpy(column, _DTYPES[self.kind])
        encoded, texts = column.dictionary_encode(), self.texts
        numbers = [texts.setdefault(text, len(texts)) for text in encoded.dictionary.to_pylist()]
        positions, is_null = _to_numpy(encoded.indices, np.int32)
        if is_null is not None:
            positions = np.where(is_null, 0, positions)
        return np.array(numbers or [0], dtype=np.int32)[positions], is_null

    def fetched(self) -> Fetched:
        """Return the column."""
        values, missing = self.values[: self.n], self.missing
        texts = [text.strip(BLANKS) for text in self.texts] or [""]
        stand_for_none = np.array([is_missing(text) for text in texts], dtype=np.bool_)
        if self.kind == "text" and stand_for_none.any():
            flags: npt.NDArray[np.bool_] = stand_for_none[values]
            missing = flags if missing is None else flags | missing
        return Fetched(values, texts if self.kind == "text" else [], missing)


def _to_numpy(column: pa.Array, dtype: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return the values of an array, and which are NULL; Arrow's own conversion imports pandas."""
    valid, values = column.buffers()
    start, end = column.offset, column.offset + len(column)
    is_null = None
    if column.null_count:
        bits = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little", count=end)
        is_null = bits[start:end] == 0
    return np.frombuffer(values, dtype=dtype)[start:end], is_null
