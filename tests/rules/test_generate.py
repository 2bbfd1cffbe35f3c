import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from mlxtend.frequent_patterns import apriori, association_rules
from scipy import sparse

from recsys import Transactions, generate_rules, mine
from recsys.errors import BudgetError, ParameterError
from recsys.rules import METRICS, generate
from recsys.rules.rules import MLXTEND_NAMES
from tests.mining import naive
from tests.mining.strategies import deterministic, mining_problems


def as_dict(rules):
    """Return {(antecedent, consequent): position}."""
    frame = rules.to_frame()
    sides = zip(frame["antecedents"], frame["consequents"], strict=True)
    return {(tuple(sorted(a)), tuple(sorted(c))): place for place, (a, c) in enumerate(sides)}


def test_worked_by_hand():
    # n = 4; a: 3, b: 3, c: 2, ab: 2, ac: 2, bc: 1 (not frequent).
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ac", "abc", "b"])), min_support=0.5)
    rules = generate_rules(itemsets, "lift", 0.0)
    # lift(a, c) = 4 * 2 / (3 * 2) = 4/3; lift(a, b) = 4 * 2 / (3 * 3) = 8/9; ties by antecedent.
    assert list(as_dict(rules)) == [(("a",), ("c",)), (("c",), ("a",)), (("a",), ("b",)), (("b",), ("a",))]
    assert rules.measure("lift").tolist() == [4 / 3, 4 / 3, 8 / 9, 8 / 9]
    assert rules.measure("confidence").tolist() == [2 / 3, 1, 2 / 3, 2 / 3]
    assert rules.measure("conviction").tolist() == [1.5, math.inf, 0.75, 0.75]
    assert rules.support_counts.tolist() == [2, 2, 2, 2]
    assert len(generate_rules(itemsets, "lift", 4 / 3)) == 2


@deterministic
@given(mining_problems())
def test_all_splits_with_their_counts_in_order(problem):
    transactions, min_support, max_len = problem
    rules = generate_rules(mine(Transactions.from_lists(transactions), min_support, max_len))
    expected = naive.rules(naive.frequent_itemsets(transactions, min_support, max_len))
    found = as_dict(rules)
    assert set(found) == set(expected)
    lifts = {rule: naive.lift(len(transactions), *counts) for rule, counts in expected.items()}

    def key(rule):
        antecedent, consequent = rule
        return -lifts[rule], len(antecedent), antecedent, len(consequent), consequent

    assert list(found) == sorted(expected, key=key)
    assert rules.measure("lift").tolist() == [float(lifts[rule]) for rule in found]


@deterministic
@given(mining_problems())
def test_lift_is_symmetric(problem):
    transactions, min_support, max_len = problem
    rules = generate_rules(mine(Transactions.from_lists(transactions), min_support, max_len))
    lifts, places = rules.measure("lift"), as_dict(rules)
    for (antecedent, consequent), place in places.items():
        assert lifts[place] == lifts[places[consequent, antecedent]]


def random_transactions(seed, n_transactions=40, n_items=7, density=0.5):
    rng = np.random.default_rng(seed)
    return Transactions(sparse.csr_array(rng.random((n_transactions, n_items)) < density), np.arange(n_items))


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # of mlxtend, where it divides by 0
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("density", [0.3, 0.6])
def test_agrees_with_mlxtend(metric, density):
    transactions = random_transactions(len(metric), density=density)
    # An item that all transactions hold, and a pair that never parts: the cases with a denominator of 0.
    dense = transactions.matrix.toarray()
    dense[:, 0] = True
    dense[:, 1] = dense[:, 2]
    transactions = Transactions(sparse.csr_array(dense), transactions.items)
    itemsets = mine(transactions, 0.1)
    frequent = apriori(pd.DataFrame(dense), 0.1)
    scores = np.unique(generate_rules(itemsets, metric, -2.0).measure(metric))
    scores = scores[np.isfinite(scores)]
    # Between two values, where the last digits of mlxtend's floats do not decide; and below all of them.
    gaps = np.flatnonzero(np.diff(scores) > 1e-9)
    thresholds = [-2.0, *(scores[gap] + np.diff(scores)[gap] / 2 for gap in gaps[len(gaps) // 2 :][:1])]
    for threshold in thresholds:
        expected = association_rules(
            frequent, metric=MLXTEND_NAMES.get(metric, metric), min_threshold=threshold
        )
        rules = generate_rules(itemsets, metric, threshold)
        frame = rules.to_frame()
        assert list(frame.columns) == list(expected.columns)
        assert frame.dtypes.tolist() == expected.dtypes.tolist()
        index = ["antecedents", "consequents"]
        both = frame.merge(expected, on=index, how="outer", suffixes=("", " expected"), indicator=True)
        assert (both["_merge"] == "both").all()
        for name in METRICS:
            theirs = MLXTEND_NAMES.get(name, name)
            np.testing.assert_allclose(both[theirs], both[f"{theirs} expected"], rtol=1e-12, atol=1e-12)
        values = rules.measure(metric)
        assert (values[:-1] >= values[1:]).all()


def test_portions_do_not_show(monkeypatch):
    itemsets = mine(random_transactions(3), 0.1)
    expected = generate_rules(itemsets, "confidence", 0.4)
    assert itemsets.max_length >= 4
    monkeypatch.setattr(generate, "SPLITS_AT_ONCE", 5)
    rules = generate_rules(itemsets, "confidence", 0.4)
    for name in ("antecedents", "consequents", "itemsets"):
        np.testing.assert_array_equal(getattr(rules, name), getattr(expected, name))


def test_not_a_number_is_not_kept(monkeypatch):
    monkeypatch.setitem(METRICS, "odd", lambda n, n_ac, n_a, n_c: np.where(n_ac > 2, np.nan, 1.0))
    itemsets = mine(Transactions.from_lists(map(list, ["ab", "ab", "abc", "c"])), 0.25)
    rules = generate_rules(itemsets, "odd", 0.0)
    assert len(rules) == 10
    assert not np.isnan(rules.measure("odd")).any()


@pytest.mark.parametrize("lists", [[], [[]], [["a"]], [["a"], ["b"]]])
def test_no_rules_is_no_error(lists):
    rules = generate_rules(mine(Transactions.from_lists(lists), 0.5))
    assert len(rules) == 0
    assert rules.measure("lift").shape == (0,)
    assert rules.to_frame().shape == (0, 14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "Lift"}, "metric must be one of antecedent_support, .*, kulczynski. Got 'Lift'."),
        ({"min_threshold": math.inf}, "min_threshold must be a finite number. Got inf."),
        ({"min_threshold": math.nan}, "min_threshold must be a finite number. Got nan."),
        ({"min_threshold": "1"}, "min_threshold must be a finite number. Got '1'."),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ParameterError, match=message):
        generate_rules(mine(Transactions.from_lists([["a", "b"]]), 0.5), **arguments)


def test_too_many_candidate_rules_are_refused_at_once():
    # One itemset of 21 items, all its subsets frequent: 3^21 - 2^22 + 1 splits.
    itemsets = mine(Transactions.from_lists([list(range(21))]), 1.0)
    with pytest.raises(BudgetError, match=r"10,456,158,900 candidate rules, more than .* Set max_len=\d+ or"):
        generate_rules(itemsets)
