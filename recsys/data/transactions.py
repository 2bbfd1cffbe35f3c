"""Transactions: sets of items."""

import hashlib
from collections.abc import Collection, Hashable, Iterable
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data.lists import array_of_ids, encode_lists
from recsys.errors import DataFormatError, ParameterError


class TransactionSet(Protocol):
    """Transactions in this process or in an engine; see `Transactions`."""

    engine: ClassVar[str | None]  # name of the one engine that can mine them; None: any

    @property
    def items(self) -> npt.NDArray[Any]:
        """Id of each item, in the order of their indices."""

    @property
    def n_items(self) -> int:
        """Number of items."""

    @property
    def n_transactions(self) -> int:
        """Number of transactions."""

    @property
    def n_interactions(self) -> int:
        """Number of items in all transactions together."""

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the transactions."""


class Transactions:
    """Sets of items, encoded as a boolean matrix with the vocabulary of its columns.

    Values below 0, shapes that do not agree, and an item that occurs twice raise ParameterError.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (n_transactions, n_items), bool
        True where a transaction holds an item; kept with ascending columns in each row, no duplicates and no
        explicit False.
    items : array_like, shape (n_items,)
        Id of each column; strictly ascending when made by `from_lists` or by the preprocessing.
    ids : array_like, shape (n_transactions,), optional
        Id of each row, for example the user's; 0, 1, 2, ... unless given.
    excluded_pairs : array_like, shape (n_pairs, 2), optional
        Pairs of columns that no itemset may hold, such as an item and its category, which is in all
        transactions of the item.
    copy : bool
        Whether to copy the matrix. If not, it is brought into canonical form in place.
    """

    engine: ClassVar[str | None] = None

    def __init__(
        self,
        matrix: sparse.csr_array,
        items: npt.ArrayLike,
        ids: npt.ArrayLike | None = None,
        excluded_pairs: npt.ArrayLike | None = None,
        *,
        copy: bool = True,
    ) -> None:
        matrix = _as_matrix(matrix).astype(np.bool_, copy=copy)
        if not matrix.data.all():
            matrix.eliminate_zeros()
        matrix.sum_duplicates()
        # One type of both index arrays: scipy copies arrays of two types, Numba compiles each.
        dtype = np.int32 if matrix.nnz < 2**31 else np.int64
        matrix.indices = matrix.indices.astype(dtype, copy=False)
        matrix.indptr = matrix.indptr.astype(dtype, copy=False)
        self.matrix = matrix
        self.items: npt.NDArray[Any] = np.asarray(items)
        self.ids: npt.NDArray[Any] = np.arange(matrix.shape[0]) if ids is None else np.asarray(ids)
        if self.items.shape != (self.n_items,):
            raise ParameterError("items", f"one id for each of the {self.n_items} columns", self.items.shape)
        if self.ids.shape != (self.n_transactions,):
            raise ParameterError("ids", f"one id for each of the {self.n_transactions} rows", self.ids.shape)
        self.excluded_pairs = _as_pairs(excluded_pairs, self.n_items)
        names = self.items.tolist()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ParameterError("items", "different ids", twice, "Merge the columns of one item.")

    @classmethod
    def from_lists(cls, transactions: Iterable[Collection[Hashable]]) -> "Transactions":
        """Encode lists of items; an item that occurs twice in a transaction counts once.

        Anything but an iterable of lists raises ParameterError. Text in place of a list, missing items (None,
        NaN, ""), items that differ only in the space around them, and items that cannot be sorted (text and
        numbers mixed) raise DataFormatError. Single items that look like lists ("tea,cake") give a warning.
        """
        return cls(*encode_lists(transactions), copy=False)

    @classmethod
    def from_frame(cls, frame: Any) -> "Transactions":
        """Encode a one-hot frame: one row per transaction, one boolean column per item.

        The frame is of pandas, whose index gives the ids of the transactions, of Polars or of Arrow; anything
        else raises ParameterError. Columns that are not boolean, such as counts or missing values, are not
        cast: they raise DataFormatError, and so do two columns of one name.
        """
        from recsys.data.frames import as_pandas
        from recsys.data.one_hot_advice import advise_one_hot, is_boolean

        cure = "Transactions.from_lists takes lists of items."
        if sparse.issparse(frame):
            cure = "Transactions(matrix, items) takes a sparse matrix."
        elif isinstance(frame, np.ndarray):
            cure = "Convert it first: pandas.DataFrame(frame, columns=items)."
        given, frame = frame, as_pandas("frame", frame, cure)
        if not frame.columns.is_unique:
            name = frame.columns[frame.columns.duplicated()][0]
            raise DataFormatError(f"Column {name!r} occurs more than once. Merge or rename the columns.")
        for label, column in frame.items():
            if not is_boolean(column):
                raise DataFormatError(
                    f"Column {label!r} must be boolean without missing values. Got {column.dtype}. "
                    + advise_one_hot(frame, "frame" if frame is given else "frame.to_pandas()")
                )
        dense = frame.to_numpy(dtype=np.bool_)
        return cls(sparse.csr_array(dense), array_of_ids(list(frame.columns)), np.asarray(frame.index))

    @property
    def n_transactions(self) -> int:
        """Number of transactions (rows)."""
        return int(self.matrix.shape[0])

    @property
    def n_items(self) -> int:
        """Number of items in the vocabulary (columns)."""
        return int(self.matrix.shape[1])

    @property
    def n_interactions(self) -> int:
        """Number of items in all transactions together."""
        return int(self.matrix.nnz)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of matrix, item ids and excluded pairs, in hexadecimal; equal for equal rows in order."""
        kind = self.items.dtype.kind  # the item 1 is not the item "1"
        digest = hashlib.sha256(f"transactions {self.n_transactions} {self.n_items} {kind}\n".encode())
        digest.update(self.matrix.indptr.astype("<i8").tobytes())
        digest.update(self.matrix.indices.astype("<i4").tobytes())
        digest.update("\n".join(map(str, self.items.tolist())).encode())
        if len(self.excluded_pairs):
            digest.update(b"\nexcluded pairs\n" + self.excluded_pairs.astype("<i8").tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return self.n_transactions

    def __repr__(self) -> str:
        return (
            f"Transactions(n_transactions={self.n_transactions}, n_items={self.n_items}, "
            f"n_interactions={self.n_interactions})"
        )


def _as_matrix(matrix: Any) -> sparse.csr_array:
    """Return a matrix in rows; raise ParameterError unless it holds booleans or numbers of at least 0."""
    rule = "a matrix of booleans, a row a transaction and a column an item"
    try:
        matrix = matrix if isinstance(matrix, sparse.csr_array) else sparse.csr_array(matrix)
        held = matrix.data.dtype.kind == "b" or bool((matrix.data >= 0).all())
    except (TypeError, ValueError):
        raise ParameterError("matrix", rule, type(matrix)) from None
    if not held:
        cure = "Say first which values are items: matrix > 0."
        raise ParameterError("matrix", rule, "missing or negative values", cure)
    return matrix


def _as_pairs(pairs: npt.ArrayLike | None, n_items: int) -> npt.NDArray[np.int64]:
    """Return the distinct pairs in order, each ascending; raise ParameterError unless they are of columns."""
    pairs = np.empty((0, 2), np.int64) if pairs is None else np.asarray(pairs)
    rule = f"pairs of different columns, from 0 to {n_items - 1}"
    if pairs.dtype.kind not in "iu" or pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ParameterError("excluded_pairs", rule, f"{pairs.dtype} of shape {pairs.shape}")
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n_items or (pairs[:, 0] == pairs[:, 1]).any()):
        raise ParameterError("excluded_pairs", rule, pairs)
    first, second = np.sort(pairs.astype(np.int64), axis=1).T
    first, second = np.divmod(np.unique(first * n_items + second), max(n_items, 1))
    return np.stack([first, second], axis=1)
