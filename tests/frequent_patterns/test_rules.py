"""association_rules against mlxtend's, as it is installed."""

from __future__ import annotations

from typing import Any

import mlxtend.frequent_patterns as mlxtend
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys import frequent_patterns
from recsys.errors import BudgetError
from recsys.frequent_patterns import association_rules
from recsys.frequent_patterns import rules as rules_module
from recsys.frequent_patterns.measures import METRICS
from tests.frequent_patterns.reference import assert_same_outcome, mining_problems, outcome
from tests.mining.strategies import deterministic

THIRDS = pd.DataFrame(
    {
        "support": [2 / 3, 2 / 3, 2 / 3, 2 / 3],
        "itemsets": [
            frozenset({"bread"}),
            frozenset({"eggs"}),
            frozenset({"milk"}),
            frozenset({"bread", "milk"}),
        ],
    }
)


def both(*args: Any, **options: Any) -> tuple[Any, Any]:
    theirs, ours = (outcome(m.association_rules, *args, **options) for m in (mlxtend, frequent_patterns))
    return ours, theirs


def assert_both_the_same(*args: Any, **options: Any) -> None:
    assert_same_outcome(*both(*args, **options))


@pytest.mark.parametrize("metric", METRICS)
@settings(deterministic, max_examples=30)
@given(problem=mining_problems(), use_colnames=st.booleans(), data=st.data())
def test_mlxtends_frame(
    metric: str, problem: tuple[pd.DataFrame, float], use_colnames: bool, data: st.DataObject
) -> None:
    df, min_support = problem
    itemsets = mlxtend.apriori(df, min_support, use_colnames=use_colnames)
    if itemsets.empty:
        return
    every = outcome(mlxtend.association_rules, itemsets, metric="support", min_threshold=0)[0]
    # A threshold that a rule has to the last bit.
    thresholds = [0.0, 0.5, 1.0, -1.0, *every[metric]]
    threshold = data.draw(st.sampled_from(thresholds))
    n = data.draw(st.sampled_from([1, len(df), 7]))
    assert_both_the_same(itemsets, n, metric=metric, min_threshold=threshold)


@deterministic
@given(problem=mining_problems(), data=st.data(), support_only=st.booleans())
def test_a_part_of_the_itemsets_in_any_order(
    problem: tuple[pd.DataFrame, float], data: st.DataObject, support_only: bool
) -> None:
    df, min_support = problem
    itemsets = mlxtend.apriori(df, min_support, use_colnames=True)
    rows = data.draw(st.lists(st.integers(0, max(len(itemsets) - 1, 0)), max_size=len(itemsets)))
    assert_both_the_same(itemsets.iloc[rows], support_only=support_only, min_threshold=0.3)


@pytest.mark.parametrize("metric", ["confidence", "lift", "certainty", "conviction"])
def test_the_bundled_ratings(metric: str, liked: pd.DataFrame) -> None:
    for use_colnames in (False, True):
        itemsets = frequent_patterns.apriori(liked, 0.1, use_colnames=use_colnames)
        assert itemsets["itemsets"].map(len).max() == 6
        assert_both_the_same(itemsets, metric=metric, min_threshold=0.9)


@pytest.fixture(scope="module")
def liked() -> pd.DataFrame:
    from recsys.datasets import MovieLens
    from recsys.datasets.movielens import BUNDLED
    from recsys.preprocessing import Preprocessing, encode

    ratings = MovieLens("ml-latest-small-2016", path=str(BUNDLED / "ml-latest-small-2016")).load()
    transactions = encode(Preprocessing(min_movie_ratings=50).filter(ratings))
    return pd.DataFrame(transactions.matrix.toarray(), columns=transactions.items.astype(str))


def test_portions_make_no_difference(liked: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    itemsets = frequent_patterns.apriori(liked, 0.12, use_colnames=True)
    itemsets = itemsets.sample(frac=1, random_state=0)
    whole = association_rules(itemsets, metric="lift", min_threshold=1)
    monkeypatch.setattr(rules_module, "SPLITS_AT_ONCE", 10)
    pd.testing.assert_frame_equal(association_rules(itemsets, metric="lift", min_threshold=1), whole)


@pytest.mark.parametrize("support_only", [False, True])
@pytest.mark.parametrize("names", [["support", "lift"], ["lift"], [], ["leverage", "no such"]])
@pytest.mark.parametrize("min_threshold", [0, 2])
def test_return_metrics(support_only: bool, names: list[str], min_threshold: float) -> None:
    options = {"min_threshold": min_threshold, "return_metrics": names, "support_only": support_only}
    assert_both_the_same(THIRDS, **options)


def with_itemsets(*itemsets: Any, support: Any = None) -> pd.DataFrame:
    rows = pd.Series(list(itemsets), dtype=object)
    return pd.DataFrame({"support": [0.5] * len(rows) if support is None else support, "itemsets": rows})


@pytest.mark.parametrize(
    "df",
    [
        with_itemsets(["a"], ["b"], ["a", "b"]),
        with_itemsets(("a",), ("b",), {"a", "b"}),
        with_itemsets({1}, {8}, {1, 8}),
        with_itemsets({8}, {1}, {8, 1}),
        with_itemsets({np.int64(8)}, {np.int32(1)}, {np.int64(1), np.int64(8)}),
        with_itemsets({True}, {"b"}, {1, "b"}),
        with_itemsets({("a", 1)}, {"b"}, {("a", 1), "b"}),
        with_itemsets({"a"}, {"b"}, {"a", "b"}, {"b", "a"}, {"a"}, support=[0.6, 0.5, 0.4, 0.3, 0.7]),
        with_itemsets(set(), {"a"}, {"b"}, {"a", "b"}),
        with_itemsets({"a"}, {"b"}, {"a", "b"}, support=np.array([0.7, 0.6, 0.55], dtype=np.float32)),
        with_itemsets({"a"}, {"b"}, {"a", "b"}, support=[1, 1, 1]),
        with_itemsets({"a"}, {"b"}, {"a", "b"}, support=[1.0, 1.0, 1.0]).assign(other=1),
        with_itemsets({"a"}, {"b"}, {"a", "b"}, support=[0.2, 0.2, 0.4]),
        with_itemsets({"a"}, {"b"}),
        with_itemsets(*[set("abcdef"[:i]) for i in range(1, 7)]),
    ],
)
def test_any_frame_of_itemsets(df: pd.DataFrame) -> None:
    for metric in ("confidence", "lift", "conviction", "zhangs_metric"):
        assert_both_the_same(df, metric=metric, min_threshold=0)
    assert_both_the_same(df, support_only=True, min_threshold=0.5)


ONE_HOT = pd.DataFrame([[1, 1, 0], [1, 1, 1], [0, 0, 1]], columns=["bread", "milk", "eggs"])


@pytest.mark.parametrize(
    ("df", "options"),
    [
        (THIRDS.iloc[:0], {}),
        (THIRDS[["support"]], {}),
        (THIRDS.rename(columns={"itemsets": "sets"}), {}),
        (THIRDS, {"metric": "unknown"}),
        (THIRDS, {"metric": "antecedent_support"}),
        (THIRDS, {"metric": "unknown", "support_only": True, "min_threshold": 0.1}),
        (THIRDS.iloc[1:], {}),
        (THIRDS.iloc[[0, 1, 3]], {}),
        (THIRDS.iloc[3:], {"support_only": True, "min_threshold": 0.1}),
        (THIRDS, {"null_values": True}),
        (THIRDS, {"null_values": True, "df_orig": ONE_HOT}),
        (THIRDS, {"df_orig": ONE_HOT}),
        (THIRDS, {"df_orig": ONE_HOT * 2}),
        (THIRDS, {"df_orig": ONE_HOT.astype(bool), "num_itemsets": 3}),
    ],
)
def test_errors_and_warnings(df: pd.DataFrame, options: dict[str, Any]) -> None:
    assert_both_the_same(df, **options)


def test_a_missing_side_is_named() -> None:
    with pytest.raises(KeyError, match=r"frozenset\(\{'bread'\}\).*support_only=True"):
        association_rules(THIRDS.iloc[1:])


def test_missing_values_are_left_to_mlxtend() -> None:
    missing = ONE_HOT.astype(float).mask(ONE_HOT.T.eq([0, 1, 0]).T & (ONE_HOT == 1))
    itemsets = outcome(mlxtend.fpgrowth, missing, 0.1, null_values=True, use_colnames=True)[0]
    ours, theirs = both(itemsets, 3, missing, null_values=True, metric="confidence", min_threshold=0)
    assert len(ours[0])
    assert_same_outcome(ours, theirs)


@pytest.mark.parametrize(("limit", "value"), [("MAX_SPLITS", 11), ("MAX_LENGTH", 2)])
def test_too_many_rules_are_refused(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    df = pd.DataFrame(np.ones((2, 3), dtype=bool))
    itemsets = frequent_patterns.apriori(df)
    assert len(association_rules(itemsets)) == 12
    monkeypatch.setattr(rules_module, limit, value)
    with pytest.raises(BudgetError, match=r"Itemsets of 3 items .* Set max_len=2"):
        association_rules(itemsets)
