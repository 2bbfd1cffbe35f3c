"""apriori, fpgrowth, fpmax and hmine with mlxtend's signatures and frames."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.data.transactions import Transactions
from recsys.frequent_patterns.maximal import maximal_itemsets
from recsys.frequent_patterns.mlxtend import mlxtend, print_apriori, print_hmine, print_stages
from recsys.frequent_patterns.one_hot import check_min_support, check_one_hot, encode_one_hot
from recsys.mining import FrequentItemsets, mine

# Of the itemsets of each length: items, shape (n_k, k), and counts.
Levels = Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]]


def apriori(
    df: pd.DataFrame,
    min_support: float = 0.5,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
    low_memory: bool = False,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame, as mlxtend's `apriori` does.

    Parameters
    ----------
    df : DataFrame, shape (n_transactions, n_items)
        Dense or sparse; booleans, or 0 and 1 with a DeprecationWarning.
    min_support : float
        Fraction of the transactions, in (0, 1].
    use_colnames : bool
        Whether itemsets hold the names of the columns, or their positions.
    max_len : int, optional
        Maximum number of items; None or 0: no limit.
    verbose, low_memory, n_jobs
        They affect only what is printed, as in mlxtend.

    Returns
    -------
    DataFrame
        "support" (float64) and "itemsets" (frozensets), ordered by length, then by the columns' order: equal
        to mlxtend's frame. Positions are Python integers, where mlxtend's are NumPy's.

    Raises
    ------
    ValueError
        If `min_support` or a value of the frame is invalid, in mlxtend's words, or `max_len` is negative.
    BudgetError
        If the itemsets would not fit into memory; see `recsys.mine`.
    """
    check_min_support(min_support)
    check_one_hot(df)
    found = mine(encode_one_hot(df), float(min_support), max_len or None)
    if verbose:
        print_apriori(found, max_len, low_memory)
    return _frame(*_columns(df, _levels(found), use_colnames))


def fpgrowth(
    df: pd.DataFrame,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame, as mlxtend's `fpgrowth` does.

    Parameters and errors that are not listed are those of `apriori`.

    Parameters
    ----------
    null_values : bool
        Whether values may be missing. The support of an itemset then counts the rows without missing values
        of its items, which only mlxtend's own function does, at its own speed.
    verbose : int
        If not 0, print the stages of mlxtend's tree, which takes as long as mlxtend takes.

    Returns
    -------
    DataFrame
        As `apriori`, in its order. mlxtend's depends on its tree; it omits itemsets whose support equals
        `min_support` while `min_support` times the number of transactions rounds up: 7 of 25 at 0.28.
    """
    if null_values:
        return mlxtend("fpgrowth", df, min_support, True, use_colnames, max_len, verbose)
    return _checked("fpgrowth", _all_itemsets, df, min_support, use_colnames, max_len, verbose)


def fpmax(
    df: pd.DataFrame,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the maximal frequent itemsets of a one-hot frame, those in no other, as mlxtend's `fpmax` does.

    Parameters, errors and differences that are not listed are those of `fpgrowth`.

    Parameters
    ----------
    max_len : int, optional
        Leave out longer itemsets; None: no limit (0 is one here, as in mlxtend). mlxtend then sometimes
        returns an itemset that is a subset of one of those.

    Returns
    -------
    DataFrame
        "support" and "itemsets", in the order of `apriori`.
    """
    if null_values:
        return mlxtend("fpmax", df, min_support, True, use_colnames, max_len, verbose)
    return _checked("fpmax", maximal_itemsets, df, min_support, use_colnames, max_len, verbose)


def hmine(
    df: pd.DataFrame,
    min_support: float = 0.5,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame, as mlxtend's `hmine` does.

    Parameters and errors as for `apriori`; `verbose` prints the number of items that extend each itemset.

    Returns
    -------
    DataFrame
        "support" and "itemsets", both of type object, in lexicographic order of the columns' positions. For
        the itemsets that mlxtend omits see `fpgrowth`. Empty without transactions, where mlxtend returns all
        itemsets with a support of NaN.
    """
    check_one_hot(df)
    check_min_support(min_support)
    found = mine(encode_one_hot(df), float(min_support), max_len or None)
    positions = [tuple(row) for items, _ in _levels(found) for row in items.tolist()]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    if verbose:
        print_hmine([positions[place] for place in order], list(df.columns), max_len)
    if not order:
        return _nothing().astype(float)
    frame = _frame(*_columns(df, _levels(found), use_colnames))
    return frame.iloc[order].reset_index(drop=True).astype(object)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Switch the collector off: it takes most of the time where millions of sets are made that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _checked(
    function: str,
    search: Callable[[Transactions, float, int | None], Levels],
    df: pd.DataFrame,
    min_support: float,
    use_colnames: bool,
    max_len: int | None,
    verbose: int,
) -> pd.DataFrame:
    """Check a frame and return the itemsets found in it, as the named function of mlxtend does."""
    check_one_hot(df, stacklevel=4)
    check_min_support(min_support)
    levels = search(encode_one_hot(df), float(min_support), max_len)
    itemsets, supports = _columns(df, levels, use_colnames)
    if verbose:
        print_stages(function, df, min_support, False, use_colnames, max_len, verbose)
    return _frame(itemsets, supports) if itemsets else _nothing()


def _all_itemsets(transactions: Transactions, min_support: float, max_len: int | None) -> Levels:
    return _levels(mine(transactions, min_support, max_len or None))


def _levels(found: FrequentItemsets) -> Levels:
    """Return the itemsets of each length with their counts."""
    return ((found.level(length), found.level_counts(length)) for length in range(1, found.max_length + 1))


def _columns(
    df: pd.DataFrame, levels: Levels, use_colnames: bool
) -> tuple[list[frozenset[Any]], npt.NDArray[np.float64]]:
    """Make the itemsets and supports of the frame that is returned."""
    names = np.empty(df.shape[1], dtype=object)
    names[:] = list(df.columns) if use_colnames else range(df.shape[1])
    itemsets: list[frozenset[Any]] = []
    counts = [np.empty(0, dtype=np.int64)]
    with no_garbage_collection():
        for items, level_counts in levels:
            # Columns to lists and a zip over them: no Python code runs for each itemset.
            itemsets.extend(map(frozenset, zip(*(names[column].tolist() for column in items.T), strict=True)))
            counts.append(level_counts)
    return itemsets, np.concatenate(counts) / max(len(df), 1)


def _frame(itemsets: list[frozenset[Any]], supports: npt.NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame({"support": supports, "itemsets": pd.Series(itemsets, dtype=object)})


def _nothing() -> pd.DataFrame:
    """Return what mlxtend makes of two empty lists, with the types that pandas gives them."""
    return pd.DataFrame({"support": [], "itemsets": []})
