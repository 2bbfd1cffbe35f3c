"""Transactions: sets of items."""

from __future__ import annotations

import hashlib
import marshal
import warnings
from collections.abc import Collection, Container, Hashable, Iterable, Sized
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data.factorize import factorize
from recsys.errors import DataFormatError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

IntArray = npt.NDArray[np.integer[Any]]


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
        If the matrix is no matrix of booleans or of numbers of at least 0, the shapes of the three do not
        agree, or an item stands twice.
    """

    engine: ClassVar[str | None] = None

    def __init__(
        self, matrix: sparse.csr_array, items: npt.ArrayLike, ids: npt.ArrayLike | None = None
    ) -> None:
        # A copy: bringing it into canonical form works in place, and the caller's may share its arrays.
        matrix = _as_matrix(matrix).astype(np.bool_, copy=True)
        matrix.eliminate_zeros()
        self._hold(matrix, items, ids)
        names = self.items.tolist()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ParameterError("items", "different ids", twice, "Merge the columns of one item.")

    def _hold(self, matrix: sparse.csr_array, items: npt.ArrayLike, ids: npt.ArrayLike | None) -> None:
        """Hold a matrix that belongs to nobody else, in canonical form."""
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

    @classmethod
    def from_lists(cls, transactions: Iterable[Collection[Hashable]]) -> Transactions:
        """Encode lists of items; an item that stands twice in a transaction counts once.

        Raises
        ------
        ParameterError
            If the transactions are a frame, a table, a matrix, or not iterable.
        DataFormatError
            If a transaction is no list: a text, which would be split into letters, or nothing. If an item is
            missing (None, NaN, "") or a list, two items differ only in the space around them, or the items
            cannot be sorted (text and numbers mixed, for example).

        Warns
        -----
        UserWarning
            If every transaction holds one item, and these look like lists, such as "tea,cake".
        """
        _require_lists(transactions)
        rows: list[Any] = list(transactions)
        indptr, indices, items = _encode_integers(rows) or _encode(rows)
        ones = np.ones(len(indices), dtype=np.bool_)
        made = cls.__new__(cls)
        made._hold(sparse.csr_array((ones, indices, indptr), shape=(len(rows), len(items))), items, None)
        return made

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Transactions:
        """Encode a one-hot frame: one row per transaction, one boolean column per item.

        Raises
        ------
        ParameterError
            If it is not a pandas DataFrame.
        DataFormatError
            If a column is not boolean: counts or missing values are refused, not cast. If two columns share
            a name.
        """
        import pandas as pd

        from recsys.data.one_hot_advice import advise_one_hot

        if not isinstance(frame, pd.DataFrame):
            cure = "Transactions.from_lists takes lists of items."
            if hasattr(frame, "to_pandas"):  # of Arrow, Polars, Spark
                cure = "Convert it first: frame.to_pandas()."
            elif sparse.issparse(frame):
                cure = "Transactions(matrix, items) takes a sparse matrix."
            elif isinstance(frame, np.ndarray):
                cure = "Convert it first: pandas.DataFrame(frame, columns=items)."
            raise ParameterError("frame", "a pandas DataFrame", type(frame), cure)
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
                    + advise_one_hot(frame)
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

    @property
    def n_interactions(self) -> int:
        """Number of items in all transactions together."""
        return int(self.matrix.nnz)

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
            f"n_interactions={self.n_interactions})"
        )


def _encode_integers(rows: list[Any]) -> tuple[IntArray, IntArray, npt.NDArray[Any]] | None:
    """Encode lists of integers of 32 bits as `_encode` does, many times faster; None for anything else.

    `marshal`, in version 2 of its format, writes each list and each such integer as five bytes: its type, and
    its length or value. Other types (text, longer integers, booleans, NumPy scalars) break that pattern.
    """
    try:
        written = marshal.dumps(rows, 2)
    except ValueError:
        return None
    n_records, rest = divmod(len(written), 5)
    if rest or n_records <= len(rows) + 1:
        return None
    types = np.frombuffer(written, dtype=np.uint8)[::5]
    values: IntArray = np.ndarray(n_records, dtype=np.int32, buffer=written, offset=1, strides=5)
    is_list = (types == ord("[")) | (types == ord("("))
    starts = np.flatnonzero(is_list)[1:]
    lengths = np.diff(starts, append=n_records) - 1
    if (
        len(starts) != len(rows)
        or not np.array_equal(values[starts], lengths)  # no list holds another
        or not (is_list | (types == ord("i"))).all()
    ):
        return None
    items, indices = factorize(values[~is_list])
    return np.concatenate(([0], np.cumsum(lengths))), indices, items.astype(np.int64)


def _encode(rows: list[Any]) -> tuple[IntArray, IntArray, npt.NDArray[Any]]:
    """Return the CSR arrays of lists of items of any kind, and the items of the columns."""
    others = tuple(
        kind for kind in set(map(type, rows)) if kind in (str, bytes) or not issubclass(kind, Iterable)
    )
    if others:
        row = next(row for row in rows if isinstance(row, others))
        cure = "An empty one is []." if _is_missing(row) else f"One of a single item is [{row!r}]."
        raise DataFormatError(f"A transaction must be a list of items. Got {row!r}. {cure}")
    rows = [row if isinstance(row, Sized) else list(row) for row in rows]
    flat = list(chain.from_iterable(rows))
    try:
        distinct = set(flat)
    except TypeError:
        item = next(item for item in flat if not isinstance(item, Hashable) or isinstance(item, tuple))
        raise DataFormatError(
            f"An item must be a number or text, not a {type(item).__name__}. Got {item!r}. "
            "Put the items of a transaction into one flat list."
        ) from None
    if any(map(_is_missing, distinct)):
        raise DataFormatError('An item is missing: None, NaN or "". Leave it out, or give it a name.')
    try:
        vocabulary = sorted(distinct)
    except TypeError as error:
        raise DataFormatError(
            f"Items must be of one sortable type, all text or all numbers: {error}. "
            "Convert them, for example with str(item)."
        ) from error
    _check_text(vocabulary, len(flat) <= len(rows))
    column = {item: index for index, item in enumerate(vocabulary)}
    indices = np.fromiter(map(column.__getitem__, flat), dtype=np.int32, count=len(flat))
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    return indptr, indices, _object_safe_array(vocabulary)


def _require_lists(transactions: Any) -> None:
    """Raise ParameterError for what is not an iterable of lists, or would be iterated over in another way."""
    cure = "For example [['bread', 'milk'], ['milk']]."
    is_table = hasattr(transactions, "columns") or sparse.issparse(transactions)
    if is_table or getattr(getattr(transactions, "dtype", None), "kind", "") == "b":
        cure = "Transactions.from_frame takes a frame of booleans, Transactions(matrix, items) a matrix."
    if is_table or cure[0] == "T" or not isinstance(transactions, Iterable):
        raise ParameterError("transactions", "an iterable of lists of items", type(transactions), cure)


def _as_matrix(matrix: Any) -> sparse.csr_array:
    """Return a matrix in rows; raise ParameterError unless it holds booleans or numbers of at least 0."""
    rule, cure = "a matrix of booleans, a row a transaction and a column an item", ""
    try:
        matrix = sparse.csr_array(matrix)
        held = matrix.data.dtype.kind == "b" or bool((matrix.data >= 0).all())
    except (TypeError, ValueError):
        raise ParameterError("matrix", rule, type(matrix)) from None
    if not held:
        cure = "Say first which values are items: matrix > 0."
        raise ParameterError("matrix", rule, "missing or negative values", cure)
    return matrix


def _is_missing(item: Any) -> bool:
    try:
        return item is None or bool(item != item) or (isinstance(item, str) and not item.strip())
    except TypeError:  # pandas.NA is neither equal nor unequal
        return True


def _check_text(vocabulary: list[Any], one_item_each: bool) -> None:
    """Raise DataFormatError for items that differ in space alone; warn of items that look like lists."""
    if not vocabulary or not isinstance(vocabulary[0], str):
        return
    stripped: dict[str, str] = {}
    for item in vocabulary:
        other = stripped.setdefault(item.strip(), item)
        if other != item:
            raise DataFormatError(
                f"Items {other!r} and {item!r} differ only in the space around them. "
                "Strip them first: [item.strip() for item in transaction]."
            )
    if one_item_each and (found := find_list(vocabulary)):
        item, separator = found
        warnings.warn(
            f"Every transaction holds one item, and some look like lists: {item!r}. If they are, split them "
            f"first: item.split({separator!r}).",
            stacklevel=4,
        )


def find_list(items: Iterable[str], known: Container[str] | None = None) -> tuple[str, str] | None:
    """Return the first item that looks like a list, and the character between its elements, or None.

    Parameters
    ----------
    items : iterable of str
    known : container of str, optional
        What all elements of a list must be among; anything unless given.
    """
    for item in items:
        for separator in (",", ";", "|", "\t"):
            parts = [part.strip() for part in item.split(separator)]
            if len(parts) > 1 and all(part and (known is None or part in known) for part in parts):
                return item, separator
    return None


def _object_safe_array(values: list[Any]) -> npt.NDArray[Any]:
    """Make a one-dimensional array of ids; ids that are tuples stay whole, mixed types stay as they are."""
    if len({type(value) for value in values}) == 1 and isinstance(values[0], (str, int, np.integer)):
        array = np.asarray(values)
        if array.dtype.kind in "iuU":
            return array
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
