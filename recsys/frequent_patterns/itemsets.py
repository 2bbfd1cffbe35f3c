"""apriori, fpgrowth, fpmax and hmine with mlxtend's signatures and frames."""

from dataclasses import replace

import numpy as np
import pandas as pd

from recsys.frequent_patterns.maximal import maximal_itemsets
from recsys.frequent_patterns.mlxtend import mlxtend, print_apriori, print_hmine, print_stages
from recsys.frequent_patterns.one_hot import check_min_support, check_one_hot, encode_one_hot
from recsys.mining import FrequentItemsets, mine


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
        Of pandas, dense or sparse, of Polars or of Arrow; booleans, or 0 and 1 with a DeprecationWarning.
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

    Raises ValueError if `min_support` or a value of the frame is invalid, in mlxtend's words, or `max_len` is
    negative, and BudgetError if the itemsets would not fit into memory; see `recsys.mine`.
    """
    check_min_support(min_support)
    df = check_one_hot(df)
    found = mine(encode_one_hot(df), float(min_support), max_len or None)
    if verbose:
        print_apriori(found, max_len, low_memory)
    return _named(found, df, use_colnames).to_frame()


def fpgrowth(
    df: pd.DataFrame,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame as `apriori` does, also where values are missing.

    Parameters and errors that are not listed are those of `apriori`.

    Parameters
    ----------
    null_values : bool
        Whether values may be missing. The support of an itemset then counts the rows without missing values
        of its items, which only mlxtend's own function does, at its own speed.
    verbose : int
        If not 0, print the stages of mlxtend's tree, which takes as long as mlxtend takes.
    """
    return _checked("fpgrowth", df, min_support, null_values, use_colnames, max_len, verbose)


def fpmax(
    df: pd.DataFrame,
    min_support: float = 0.5,
    null_values: bool = False,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the maximal frequent itemsets of a one-hot frame, those in no other, as mlxtend's `fpmax` does.

    The rest is as for `fpgrowth`, except that a `max_len` of 0 is a limit, as in mlxtend. Longer itemsets are
    left out; mlxtend then sometimes returns a subset of one of those.
    """
    return _checked("fpmax", df, min_support, null_values, use_colnames, max_len, verbose)


def hmine(
    df: pd.DataFrame,
    min_support: float = 0.5,
    use_colnames: bool = False,
    max_len: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Return the frequent itemsets of a one-hot frame, as mlxtend's `hmine` does.

    Parameters and errors as for `apriori`; `verbose` prints the number of items that extend each itemset.
    Both columns are of type object, in lexicographic order of the columns' positions; empty without
    transactions, where mlxtend returns all itemsets with a support of NaN.
    """
    df = check_one_hot(df)
    check_min_support(min_support)
    found = mine(encode_one_hot(df), float(min_support), max_len or None)
    positions = [
        tuple(row) for length in range(1, found.max_length + 1) for row in found.level(length).tolist()
    ]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    if verbose:
        print_hmine([positions[place] for place in order], list(df.columns), max_len)
    frame = _named(found, df, use_colnames).to_frame(np.array(order, dtype=np.int64))
    return frame.astype(object if order else float)


def _checked(
    function: str,
    df: pd.DataFrame,
    min_support: float,
    null_values: bool,
    use_colnames: bool,
    max_len: int | None,
    verbose: int,
) -> pd.DataFrame:
    """Do what the named function of mlxtend does, `fpgrowth` or `fpmax`."""
    arguments = (df, min_support, null_values, use_colnames, max_len, verbose)
    if null_values:
        return mlxtend(function, *arguments)
    df = check_one_hot(df, stacklevel=4)
    check_min_support(min_support)
    transactions = encode_one_hot(df)
    if function == "fpmax":
        found, chosen = maximal_itemsets(transactions, float(min_support), max_len)
    else:
        found, chosen = mine(transactions, float(min_support), max_len or None), None
    frame = _named(found, df, use_colnames).to_frame(chosen)
    if verbose:
        print_stages(function, *arguments)
    # Without itemsets, with the types that pandas gives two empty lists, as mlxtend does.
    return frame if len(frame) else pd.DataFrame({"support": [], "itemsets": []})


def _named(found: FrequentItemsets, df: pd.DataFrame, use_colnames: bool) -> FrequentItemsets:
    """Return itemsets of positions with the names of the columns instead, if they are wanted."""
    if not use_colnames:
        return found
    return replace(found, items=np.fromiter(df.columns, dtype=object, count=df.shape[1]))
