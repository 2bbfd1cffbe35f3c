"""Transactions: what preprocessing makes and mining reads."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.errors import DataFormatError, ParameterError

if TYPE_CHECKING:
    import pandas as pd


class Transactions:
    """Sets of items, encoded as a boolean matrix with the vocabulary of its columns.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n_transactions, n_items), bool
        True where a transaction holds an item. Kept in canonical form: column indices ascending in each
        row, no duplicates, no explicit False.
    items : array_like, shape (n_items,)
        Id of each column; strictly ascending when made by `from_lists` or by the preprocessing.
    ids : array_like, shape (n_transactions,), optional
        Id of each row, for example the user's; 0, 1, 2, ... unless given.

    Raises
    ------
    ParameterError
        If the shapes of the three do not agree.
    """

    def __init__(
        self,
        matrix: sparse.csr_array,
        items: npt.ArrayLike,
        ids: npt.ArrayLike | None = None,
    ) -> None:
        # A copy: bringing it into canonical form works in place, and the caller's may share its arrays.
        matrix = sparse.csr_array(matrix, dtype=np.bool_, copy=True)
        matrix.eliminate_zeros()
        matrix.sum_duplicates()
        self.matrix = matrix
        self.items: npt.NDArray[Any] = np.asarray(items)
        self.ids: npt.NDArray[Any] = np.arange(matrix.shape[0]) if ids is None else np.asarray(ids)
        if self.items.shape != (self.n_items,):
            raise ParameterError("items", f"one id for each of the {self.n_items} columns", self.items.shape)
        if self.ids.shape != (self.n_transactions,):
            raise ParameterError("ids", f"one id for each of the {self.n_transactions} rows", self.ids.shape)

    @classmethod
    def from_lists(cls, transactions: Iterable[Collection[Hashable]]) -> Transactions:
        """Encode lists of items; an item that stands twice in a transaction counts once.

        Raises
        ------
        DataFormatError
            If a transaction is a text, which would be taken apart into letters, or the items cannot be put in
            one order (text and numbers mixed, for example).
        """
        rows = []
        for transaction in transactions:
            if isinstance(transaction, str | bytes):
                raise DataFormatError(
                    f"A transaction must be a list of items. Got {transaction!r}. "
                    f"One of a single item is [{transaction!r}]."
                )
            rows.append(set(transaction))
        try:
            vocabulary = sorted(set().union(*rows))  # type: ignore[type-var]
        except TypeError as error:
            raise DataFormatError(
                f"Items must be of one sortable type, all text or all numbers: {error}."
            ) from error
        column = {item: index for index, item in enumerate(vocabulary)}
        indptr = np.cumsum([0, *map(len, rows)])
        indices = np.fromiter(
            (column[item] for row in rows for item in row), dtype=np.int32, count=int(indptr[-1])
        )
        matrix = sparse.csr_array(
            (np.ones(len(indices), dtype=np.bool_), indices, indptr), shape=(len(rows), len(vocabulary))
        )
        matrix.sort_indices()
        return cls(matrix, _object_safe_array(vocabulary))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Transactions:
        """Encode a one-hot frame: a row a transaction, a column an item, all columns boolean.

        Raises
        ------
        DataFormatError
            If a column is not boolean: counts or missing values are refused, not cast. If two columns share
            a name.
        """
        import pandas as pd

        if not frame.columns.is_unique:
            name = frame.columns[frame.columns.duplicated()][0]
            raise DataFormatError(
                f"Column {name!r} stands there more than once. Merge or rename the columns."
            )
        for column, dtype in frame.dtypes.items():
            subtype = getattr(dtype, "subtype", dtype)
            if not pd.api.types.is_bool_dtype(subtype) or frame[column].hasnans:
                raise DataFormatError(
                    f"Column {column!r} must be boolean without missing values. Got {dtype}. "
                    "Cast it first, for example with frame.astype(bool)."
                )
        dense = frame.to_numpy(dtype=np.bool_)
        return cls(sparse.csr_array(dense), _object_safe_array(list(frame.columns)), np.asarray(frame.index))

    @property
    def n_transactions(self) -> int:
        """Number of transactions (rows)."""
        return int(self.matrix.shape[0])

    @property
    def n_items(self) -> int:
        """Number of items in the vocabulary (columns)."""
        return int(self.matrix.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the matrix and the item ids, in hexadecimal; equal for equal rows in equal order."""
        kind = self.items.dtype.kind  # the item 1 is not the item "1"
        digest = hashlib.sha256(f"transactions {self.n_transactions} {self.n_items} {kind}\n".encode())
        digest.update(self.matrix.indptr.astype("<i8").tobytes())
        digest.update(self.matrix.indices.astype("<i4").tobytes())
        digest.update("\n".join(map(str, self.items.tolist())).encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return self.n_transactions

    def __repr__(self) -> str:
        return (
            f"Transactions(n_transactions={self.n_transactions}, n_items={self.n_items}, "
            f"n_interactions={self.matrix.nnz})"
        )


def _object_safe_array(values: list[Any]) -> npt.NDArray[Any]:
    """Make a one-dimensional array of ids; ids that are tuples stay whole, mixed types stay as they are."""
    array = np.asarray(values) if values and isinstance(values[0], (str, int, np.integer)) else None
    if (
        array is None
        or array.ndim != 1
        or array.dtype.kind not in "iuU"
        or len({type(v) for v in values}) > 1
    ):
        array = np.empty(len(values), dtype=object)
        array[:] = values
    return array
