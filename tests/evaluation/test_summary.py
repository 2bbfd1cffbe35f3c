"""Figures that sum up a run."""

import pytest

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.evaluation import METRICS, summarise

BASKETS = Transactions.from_lists([["a", "b"], ["a", "b"], ["a", "c"], ["c"]])


def test_by_hand():
    # Frequent at 2 of 4: a (3), b (2), c (2), ab (2). Both rules have lift 2 * 4 / (3 * 2) = 4/3.
    itemsets = mine(BASKETS, min_support=0.5)
    summary = summarise(BASKETS, itemsets, generate_rules(itemsets))
    assert summary == {
        "n_transactions": 4,
        "n_items": 3,
        "n_itemsets": 4,
        "n_rules": 2,
        "max_lift": pytest.approx(4 / 3),
        "mean_lift": pytest.approx(4 / 3),
        "max_confidence": 1.0,
    }
    assert tuple(summary) == METRICS


def test_without_rules_the_measures_are_zero():
    itemsets = mine(BASKETS, min_support=1.0)
    summary = summarise(BASKETS, itemsets, generate_rules(itemsets))
    assert (summary["n_itemsets"], summary["n_rules"]) == (0, 0)
    assert (summary["max_lift"], summary["mean_lift"], summary["max_confidence"]) == (0.0, 0.0, 0.0)
