"""Rules from memory are those that would be generated, to the last array."""

from weakref import ref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import mine
from recsys.data import Transactions
from recsys.mining import BitsetEngine, Budget, ItemsetCache
from recsys.mining import cache as of_itemsets
from recsys.rules import METRICS, RuleOptions, cache
from recsys.rules._order_kernel import renumber
from recsys.rules.cache import find_rules
from recsys.rules.generate import select_rules
from tests.mining.strategies import deterministic, mining_problems

BASKETS = Transactions.from_lists([["a", "b", "c"], ["a", "b"], ["a", "c"], ["b"], ["a", "b", "c", "d"]])
ITEMSETS = ItemsetCache(max_bytes=0)


@pytest.fixture(autouse=True)
def _no_memory(monkeypatch):
    monkeypatch.setattr(of_itemsets, "_MEMORY", {})


@pytest.fixture
def generated(monkeypatch):
    """Return the numbers of itemsets that rules were generated of."""
    numbers = []

    def counted(itemsets, options, budget):
        numbers.append(len(itemsets))
        return select_rules(itemsets, options, budget)

    monkeypatch.setattr(cache, "select_rules", counted)
    return numbers


def itemsets_at(min_support, transactions=BASKETS, max_len=None):
    return ITEMSETS.get_or_mine(transactions, min_support, max_len, BitsetEngine())[0]


def assert_as_generated(itemsets, options):
    found, expected = find_rules(itemsets, options, None), select_rules(itemsets, options, None)
    assert found.source is itemsets
    assert (found.metric, found.min_threshold, found.n_found) == (
        expected.metric, expected.min_threshold, expected.n_found
    )  # fmt: skip
    for name in ("antecedents", "consequents", "itemsets"):
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert ours.dtype == theirs.dtype
        assert ours.flags.c_contiguous
        np.testing.assert_array_equal(ours, theirs)


@deterministic
@given(
    mining_problems(),
    st.sampled_from(METRICS),
    st.lists(st.sampled_from([-0.5, 0.0, 0.3, 0.5, 1.0, 1.5]), min_size=3, max_size=3),
    st.sampled_from([{}, {"drop_redundant": True}, {"max_consequent_len": 1}]),
)
def test_every_support_and_threshold_is_answered(problem, metric, thresholds, more):
    transactions, min_support, max_len = problem
    encoded = Transactions.from_lists(transactions)
    itemsets_at(1 / (2 * len(transactions)), encoded)
    for number, threshold in enumerate(thresholds):
        itemsets = itemsets_at(min_support if number else 1.0, encoded, max_len)
        assert_as_generated(itemsets, RuleOptions(metric=metric, min_threshold=threshold, **more))


def test_generated_twice_then_where_the_support_is_the_lowest_so_far(generated):
    itemsets_at(0.2)
    sizes = {count: len(itemsets_at(count / 5)) for count in (1, 2, 3, 4)}
    for count, threshold in [(3, 1.0), (4, 0.5), (3, 0.0), (2, 2.0), (4, 1.0), (2, 0.0), (1, 0.0), (3, 0.0)]:
        assert_as_generated(itemsets_at(count / 5), RuleOptions(min_threshold=threshold))
    assert generated == [sizes[3], sizes[4], sizes[3], sizes[2], sizes[1]]


def test_lower_supports_and_mined_itemsets_are_another_question(generated):
    for _ in range(2):
        find_rules(itemsets_at(0.6), RuleOptions(), None)
        find_rules(mine(BASKETS, 0.6), RuleOptions(), None)
    for _ in range(2):
        find_rules(itemsets_at(0.2), RuleOptions(), None)
    assert len(generated) == 2 + 2 + 2


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"alpha": 0.05}, {}),
        ({"max_rules": 10**6}, {}),
        ({"max_rules": 1, "over_max_rules": "keep_best"}, {}),
        ({}, {"MAX_RULES": 1}),
    ],
)
def test_what_depends_on_the_itemsets_is_generated_each_time(generated, monkeypatch, options, limits):
    for name, value in limits.items():
        monkeypatch.setattr(cache, name, value)
    for _ in range(3):
        assert_as_generated(itemsets_at(0.2), RuleOptions(**options))
    assert len(generated) == 3


def test_all_rules_are_not_generated_where_a_budget_allows_only_some(generated):
    for _ in range(3):
        find_rules(itemsets_at(0.4), RuleOptions(min_threshold=1.2), Budget(max_memory=500))
    assert len(generated) == 3


def test_the_last_used_rules_are_kept_as_long_as_their_itemsets(monkeypatch):
    itemsets = itemsets_at(0.4)
    monkeypatch.setattr(cache, "MAX_BYTES", 5 * 20 * len(select_rules(itemsets, RuleOptions(), None)))
    for metric in METRICS[:7]:
        for _ in range(2):
            find_rules(itemsets, RuleOptions(metric=metric), None)
    kept = cache._MEMORY[itemsets]
    assert [options.metric for options in kept] == list(METRICS[2:7])
    known = ref(itemsets)
    del itemsets
    itemsets_at(0.2)
    assert known() is None


def test_the_kernel_is_compiled_once_for_all_thresholds():
    """For Numba, all of the rules and a part of them are arrays of different types."""
    for _ in range(2):
        assert_as_generated(itemsets_at(0.2), RuleOptions(metric="lift", min_threshold=0.0))
    for threshold in (0.0, 1.1, 1.2):
        assert_as_generated(itemsets_at(0.4), RuleOptions(metric="lift", min_threshold=threshold))
    assert len(getattr(renumber, "signatures", [1])) == 1
