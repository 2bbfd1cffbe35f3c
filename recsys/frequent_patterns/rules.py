"""association_rules with mlxtend's signature and frame."""

from collections.abc import Collection, Iterator
from itertools import chain, combinations
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsys.errors import BudgetError, ParameterError
from recsys.frequent_patterns.index import ItemsetIndex
from recsys.frequent_patterns.measures import METRICS, Values
from recsys.frequent_patterns.mlxtend import mlxtend
from recsys.frequent_patterns.one_hot import check_one_hot, require_frame
from recsys.mining.itemsets import no_garbage_collection
from recsys.mining.trie import IntArray
from recsys.rules.budget import MAX_SPLITS

MAX_LENGTH = 24  # of an itemset: all its splits are in memory together
SPLITS_AT_ONCE = 2**20  # candidate rules in memory, 100 bytes each


def association_rules(
    df: pd.DataFrame,
    num_itemsets: int = 1,
    df_orig: pd.DataFrame | None = None,
    null_values: bool = False,
    metric: str = "confidence",
    min_threshold: float = 0.8,
    support_only: bool = False,
    return_metrics: list[str] = list(METRICS),  # noqa: B006 - mlxtend's default, and never changed
) -> pd.DataFrame:
    """Return the rules of a frame of itemsets, as mlxtend's `association_rules` does.

    Parameters
    ----------
    df : DataFrame
        "support" and "itemsets", from here or from mlxtend, in any order, complete or not.
    num_itemsets, df_orig, null_values
        For missing values, as in mlxtend, whose own function is called then.
    metric, min_threshold
        A rule is kept if its metric is at least `min_threshold`.
    support_only : bool
        Compute the support alone; other measures are NaN, and subsets of an itemset may be absent.
    return_metrics : list of str
        The measures to return, in this order.

    Returns
    -------
    DataFrame
        "antecedents" and "consequents" (frozensets) and the measures (float64), equal to mlxtend's frame: the
        rules of each itemset in the order of `df`, from the longest antecedent to the shortest. Within one
        length the order is that in which the itemset is iterated over, which for text depends on the process
        unless PYTHONHASHSEED is set.

    Errors are those of mlxtend, and ParameterError if `df` is not a frame of itemsets, or an argument is of
    the wrong type; BudgetError if an itemset has more than `MAX_LENGTH` items, or there are more than
    `MAX_SPLITS` candidate rules.
    """
    df = require_frame("df", df)
    if not isinstance(min_threshold, Real):
        raise ParameterError("min_threshold", "a number", min_threshold)
    if null_values:
        return mlxtend(
            "association_rules",
            *(df, num_itemsets, df_orig, True, metric, min_threshold, support_only, return_metrics),
        )
    if df_orig is not None:
        check_one_hot(df_orig)
    if not df.shape[0]:
        raise ValueError("The input DataFrame `df` containing the frequent itemsets is empty.")
    if not all(column in df.columns for column in ["support", "itemsets"]):
        raise ValueError(
            "Dataframe needs to contain the                         columns 'support' and 'itemsets'"
        )
    if support_only:
        metric = "support"
    elif metric not in METRICS:
        raise ValueError(f"Metric must be 'confidence' or 'lift', got '{metric}'")
    if isinstance(return_metrics, str):
        raise ParameterError("return_metrics", "a list of names of measures", return_metrics)
    itemsets, supports = _read(df)
    index = ItemsetIndex(itemsets)
    _check_budget(index)
    kept = []
    # The definitions say what a denominator of 0 means.
    with np.errstate(divide="ignore", invalid="ignore"):
        for candidates in _candidates(index):
            score = supports[candidates.wholes]
            if not support_only:
                if candidates.antecedents.min() < 0 or candidates.consequents.min() < 0:
                    raise _missing(itemsets)
                score = candidates.measure(metric, supports, num_itemsets)
            kept.append(candidates.select(score >= min_threshold))
        rules = _Rules(*map(np.concatenate, zip(*kept, strict=True))) if kept else None
        if rules is None or not len(rules.wholes):
            return pd.DataFrame(columns=["antecedents", "consequents", *return_metrics])
        rules = rules.select(np.argsort(rules.wholes, kind="stable"))
        columns: dict[str, Any] = {
            "antecedents": _sides(itemsets, rules.wholes, rules.antecedents, rules.splits),
            "consequents": _sides(itemsets, rules.wholes, rules.consequents, ~rules.splits),
        }
        if support_only:
            columns |= dict.fromkeys(return_metrics, np.nan)
            columns["support"] = supports[rules.wholes].astype(np.float64)
        else:
            supports = supports.astype(np.float64)
            columns |= {name: rules.measure(name, supports, num_itemsets) for name in return_metrics}
    return pd.DataFrame(columns, copy=False)


class _Rules(NamedTuple):
    """Rules or candidate rules."""

    wholes: IntArray  # position of the itemset
    antecedents: IntArray  # position of the antecedent among the itemsets, -1 if absent
    consequents: IntArray
    splits: IntArray  # the antecedent's items as bits, the highest for the first item of the itemset

    def select(self, selection: npt.NDArray[Any]) -> "_Rules":
        return _Rules(*(column[selection] for column in self))

    def measure(self, name: str, supports: Values, n: int) -> Values:
        sides = supports[self.antecedents], supports[self.consequents]
        return METRICS[name](supports[self.wholes], *sides, n)


def _read(df: pd.DataFrame) -> tuple[list[frozenset[Any]], Values]:
    """Return the distinct itemsets in the order of the frame, and the last support of each."""
    column = df["itemsets"].tolist()
    others = [items for items in column if not isinstance(items, Collection) or isinstance(items, str)]
    if others or df["support"].dtype.kind not in "fiub":
        value = others[0] if others else df["support"].dtype
        raise ParameterError("df", "a frame of supports (numbers) and itemsets (frozensets)", value)
    if any(issubclass(kind, np.generic) for kind in set(map(type, chain.from_iterable(column)))):
        column = [
            [item.item() if isinstance(item, np.generic) else item for item in items] for items in column
        ]
    # Rebuilt, as mlxtend does: the iteration order of a set depends on how it was made.
    with no_garbage_collection():
        place = {frozenset(tuple(items)): row for row, items in enumerate(column)}
    supports = df["support"].to_numpy()
    if supports.dtype.kind != "f":
        supports = supports.astype(np.float64)
    return list(place), supports[list(place.values())]


def _check_budget(index: ItemsetIndex) -> None:
    total = 0
    for length in index.lengths:
        total += len(index.of_length(length)) * max(2**length - 2, 0)
        if length > MAX_LENGTH or total > MAX_SPLITS:
            raise BudgetError(
                f"Itemsets of {length} items have too many candidate rules: {total:,} with all shorter ones. "
                f"The limits are {MAX_SPLITS:,} rules and {MAX_LENGTH} items. Set max_len={length - 1} or "
                "raise min_support."
            )


def _candidates(index: ItemsetIndex) -> Iterator[_Rules]:
    """Yield all splits of the itemsets in two, in mlxtend's order within each itemset."""
    for length in index.lengths:
        # The longest antecedents first, then as itertools.combinations orders them.
        splits = np.arange(2**length - 2, 0, -1)
        splits = splits[np.argsort(-np.bitwise_count(splits).astype(np.int64), kind="stable")]
        rows = index.of_length(length)
        portion = max(1, SPLITS_AT_ONCE >> length)
        for start in range(0, len(rows) if len(splits) else 0, portion):
            wholes = rows[start : start + portion]
            subsets = index.subsets(wholes, length)
            yield _Rules(
                wholes=np.repeat(wholes, len(splits)),
                antecedents=subsets[:, splits].ravel(),
                consequents=subsets[:, 2**length - 1 - splits].ravel(),
                splits=np.tile(splits, len(wholes)),
            )


def _sides(
    itemsets: list[frozenset[Any]], wholes: IntArray, places: IntArray, bits: IntArray
) -> npt.NDArray[np.object_]:
    """Return one side of each rule; itemsets of the frame are reused."""
    known = np.empty(len(itemsets), dtype=object)
    known[:] = itemsets
    sides: npt.NDArray[np.object_] = known[places]
    for rule in np.flatnonzero(places < 0).tolist():
        whole = list(itemsets[wholes[rule]])
        sides[rule] = frozenset(item for bit, item in enumerate(reversed(whole)) if bits[rule] >> bit & 1)
    return sides


def _missing(itemsets: list[frozenset[Any]]) -> KeyError:
    """Return mlxtend's error for the first side of a rule that is not among the itemsets."""
    known = set(itemsets)
    side = next(
        side
        for itemset in itemsets
        for length in range(len(itemset) - 1, 0, -1)
        for antecedent in map(frozenset, combinations(itemset, length))
        for side in (antecedent, itemset - antecedent)
        if side not in known
    )
    return KeyError(
        f"{KeyError(side)}You are likely getting this error because the DataFrame is missing "
        " antecedent and/or consequent  information. You can try using the  `support_only=True` option"
    )
