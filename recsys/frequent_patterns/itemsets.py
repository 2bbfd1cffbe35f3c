"""apriori, fpgrowth, fpmax and hmine with mlxtend's signatures and frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.frequent_patterns.collector import no_garbage_collection
from recsys.frequent_patterns.delegate import mlxtend, print_stages
from recsys.frequent_patterns.maximal import maximal_itemsets
from recsys.frequent_patterns.one_hot import check_min_support, check_one_hot, encode_one_hot
from recsys.frequent_patterns.progress import print_apriori, print_hmine
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
        A row a transaction, a column an item, dense or sparse; booleans, or 0 and 1 with a warning.
    min_support : float
        Fraction of the transactions, in (0, 1], that must hold an itemset.
    use_colnames : bool
        Whether itemsets hold the names of the columns, or their positions.
    max_len : int, optional
        Longest itemset, in items; no limit unless given.
    verbose : int
        If not 0, print what mlxtend prints: the number of combinations of each length.
    low_memory, n_jobs
        Taken for compatibility. They change how mlxtend counts, and what it prints.

    Returns
    -------
    DataFrame
        "support" (float64) and "itemsets" (frozensets), ordered by length, then by the columns' order: equal
        to mlxtend's frame. Positions are Python integers, where mlxtend's are NumPy's.

    Warns
    -----
    DeprecationWarning
        If the frame is not boolean.

    Raises
    ------
    ValueError
        If `min_support` or a value of the frame is not what it must be, in mlxtend's words; if `max_len` is
        not a whole number of at least 0, which is no limit.
    BudgetError
        If the itemsets would not fit into memory; see `recsys.mine`.
    """
    check_min_support(min_support)
    check_one_hot(df)
    found = _frequent(df, min_support, max_len)
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

    Parameters
    ----------
    null_values : bool
        Whether values may be missing. The support of an itemset then counts the rows without missing values
        of its items, which the engine does not know: mlxtend's own function answers, at its own speed.
    verbose : int
        If not 0, print what mlxtend prints: the stages of its tree, which takes as long as mlxtend takes.
    df, min_support, use_colnames, max_len
        As for `apriori`.

    Returns
    -------
    DataFrame
        What `apriori` returns, in its order. mlxtend has the same itemsets in an order that depends on its
        tree, and misses those whose support is `min_support` to the last bit while `min_support` times the
        number of transactions rounds up: 7 of 25 at 0.28.

    Warns
    -----
    DeprecationWarning
        If the frame is not boolean.

    Raises
    ------
    ValueError, BudgetError
        As for `apriori`.
    """
    if null_values:
        return mlxtend("fpgrowth", df, min_support, True, use_colnames, max_len, verbose)
    check_one_hot(df)
    check_min_support(min_support)
    found = _frequent(df, min_support, max_len)
    if verbose:
        print_stages("fpgrowth", df, min_support, False, use_colnames, max_len, verbose)
    itemsets, supports = _columns(df, _levels(found), use_colnames)
    return _frame(itemsets, supports) if itemsets else _nothing()


def fpmax(
    df: pd.DataFrame,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the maximal frequent itemsets of a one-hot frame, those in no other, as mlxtend's `fpmax` does.

    Parameters
    ----------
    null_values, verbose
        As for `fpgrowth`.
    max_len : int, optional
        Leave out longer itemsets; no limit unless given (0 is one here, as in mlxtend). mlxtend then returns,
        now and then, an itemset that is in one of those: it has not looked at them.
    df, min_support, use_colnames
        As for `apriori`.

    Returns
    -------
    DataFrame
        "support" and "itemsets", in the order of `apriori`. For mlxtend's order, and what it misses, see
        `fpgrowth`.

    Warns
    -----
    DeprecationWarning
        If the frame is not boolean.

    Raises
    ------
    ValueError, BudgetError
        As for `apriori`.
    """
    if null_values:
        return mlxtend("fpmax", df, min_support, True, use_colnames, max_len, verbose)
    check_one_hot(df)
    check_min_support(min_support)
    levels = maximal_itemsets(encode_one_hot(df), float(min_support), max_len)
    itemsets, supports = _columns(df, levels, use_colnames)
    if verbose:
        print_stages("fpmax", df, min_support, False, use_colnames, max_len, verbose)
    return _frame(itemsets, supports) if itemsets else _nothing()


def hmine(
    df: pd.DataFrame,
    min_support: float = 0.5,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame, as mlxtend's `hmine` does.

    Parameters
    ----------
    verbose : int
        If not 0, print what mlxtend prints: the number of items that extend each itemset.
    df, min_support, use_colnames, max_len
        As for `apriori`.

    Returns
    -------
    DataFrame
        mlxtend's frame: "support" and "itemsets", both of type object, in lexicographic order of the columns'
        positions. For what mlxtend misses at the boundary see `fpgrowth`. Without transactions it is empty,
        where mlxtend has all itemsets, with a support of NaN.

    Warns
    -----
    DeprecationWarning
        If the frame is not boolean.

    Raises
    ------
    ValueError, BudgetError
        As for `apriori`.
    """
    check_one_hot(df)
    check_min_support(min_support)
    found = _frequent(df, min_support, max_len)
    positions = [tuple(row) for items, _ in _levels(found) for row in items.tolist()]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    if verbose:
        print_hmine([positions[place] for place in order], list(df.columns), max_len)
    if not order:
        return _nothing().astype(float)
    frame = _frame(*_columns(df, _levels(found), use_colnames))
    return frame.iloc[order].reset_index(drop=True).astype(object)


def _frequent(df: pd.DataFrame, min_support: float, max_len: int | None) -> FrequentItemsets:
    """Mine a frame that has been checked."""
    return mine(encode_one_hot(df), float(min_support), max_len or None)


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
