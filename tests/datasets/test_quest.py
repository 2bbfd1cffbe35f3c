from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from recsys.datasets import Quest
from recsys.datasets.quest import _assign
from recsys.errors import ParameterError
from recsys.preprocessing import Preprocessing


def as_sets(dataset: Quest) -> list[frozenset[int]]:
    ratings = dataset.load()
    users, starts = np.unique(ratings.user_id, return_index=True)
    assert users.tolist() == list(range(dataset.n_transactions))
    return [frozenset(items.tolist()) for items in np.split(ratings.item_id, starts[1:])]


def test_shape() -> None:
    dataset = Quest(n_transactions=20_000)
    ratings = dataset.load()
    assert ratings.name == "T10I4D20K"
    assert ratings.n_users == 20_000
    assert len(ratings) / 20_000 == pytest.approx(10, rel=0.05)
    assert 0 <= ratings.item_id.min() < ratings.item_id.max() < 1_000
    pairs = ratings.user_id * 1_000 + ratings.item_id
    assert (np.diff(pairs) > 0).all()
    assert len(Preprocessing().filter(ratings)) == len(ratings)


def test_a_seed_means_the_same_transactions_everywhere() -> None:
    first, other = (Quest(n_transactions=500, seed=seed).load().digest for seed in (1, 2))
    assert first[:16] == "780705dd93efbb9f"
    assert first != other
    assert Quest(n_transactions=500, seed=1) == Quest(n_transactions=500, seed=1)
    assert Quest().fingerprint() == ()


def test_without_corruption_a_transaction_is_a_union_of_patterns() -> None:
    dataset = Quest(400, n_items=40, n_patterns=8, mean_pattern_length=3, corruption=0, corruption_variance=0)
    found = dataset._patterns(np.random.default_rng(dataset.seed))
    patterns = [frozenset(part.tolist()) for part in np.split(found.items, found.offsets[1:-1])]
    assert [len(pattern) for pattern in patterns] == np.diff(found.offsets).tolist()
    for transaction in as_sets(dataset):
        inside = [pattern for pattern in patterns if pattern <= transaction]
        assert frozenset().union(*inside) == transaction


def test_items_are_dropped_as_long_as_numbers_are_below_the_level() -> None:
    # Transactions of length 1 hold one instance each, here always of the same pattern.
    level = 0.4
    dataset = Quest(
        40_000, mean_length=1, n_items=30, n_patterns=1, mean_pattern_length=5, corruption=level,
        corruption_variance=0, seed=5,
    )  # fmt: skip
    transactions = as_sets(dataset)
    pattern = frozenset().union(*transactions)
    length = len(pattern)
    assert length >= 4
    lengths = np.bincount([len(transaction) for transaction in transactions], minlength=length + 1)
    dropped = level ** np.arange(length) * (1 - level)
    assert lengths[:0:-1] / len(transactions) == pytest.approx(dropped / dropped.sum(), abs=0.01)
    shares = [np.mean([item in transaction for transaction in transactions]) for item in pattern]
    assert max(shares) - min(shares) < 0.02


@pytest.mark.parametrize(("correlation", "shared"), [(0, False), (1e9, True)])
def test_correlation_is_the_share_that_a_pattern_has_from_the_one_before(
    correlation: float, shared: bool
) -> None:
    dataset = Quest(n_items=10_000, n_patterns=50, correlation=correlation)
    found = dataset._patterns(np.random.default_rng(0))
    patterns = [set(part.tolist()) for part in np.split(found.items, found.offsets[1:-1])]
    common = [len(one & other) for one, other in pairwise(patterns)]
    shorter = [min(len(one), len(other)) for one, other in pairwise(patterns)]
    assert (common == shorter) if shared else (sum(common) <= 1)


def test_what_does_not_fit_goes_in_anyway_or_into_the_next_transaction() -> None:
    lengths = [4, 4, 2, 1]
    # fits, fits; moved: full there; too large for an empty one; the last
    assert _assign(lengths, 0, 0, [3, 1], [False, False]) == ([0, 0], 1, 0)
    assert _assign(lengths, 1, 0, [3, 2, 3], [False, False, True]) == ([1, 2, 3], 4, 0)
    assert _assign([4, 4], 0, 0, [3, 2, 5, 1], [False, True, False, False]) == ([0, 0, 1], 2, 0)


def test_patterns_are_frequent_and_other_itemsets_are_not() -> None:
    dataset = Quest(5_000, n_items=500, n_patterns=10, corruption=0.2, corruption_variance=0, correlation=0)
    found = dataset._patterns(np.random.default_rng(dataset.seed))
    together = {
        pair
        for part in np.split(found.items, found.offsets[1:-1])
        for pair in combinations(sorted(part.tolist()), 2)
    }
    transactions = as_sets(dataset)
    for pair in together:
        assert sum(set(pair) <= transaction for transaction in transactions) >= 40


def test_few_items() -> None:
    assert set(as_sets(Quest(50, n_items=1))) == {frozenset({0})}
    assert max(map(len, as_sets(Quest(200, n_items=3, mean_pattern_length=10)))) == 3


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_transactions", 0),
        ("n_items", 1.5),
        ("n_patterns", True),
        ("mean_length", 0.5),
        ("mean_pattern_length", "4"),
        ("correlation", -0.1),
        ("corruption", 1),
        ("corruption_variance", float("nan")),
        ("seed", None),
        ("name", ""),
    ],
)
def test_wrong_parameters_are_named(parameter: str, value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        Quest(**{parameter: value})
    assert caught.value.parameter == parameter
