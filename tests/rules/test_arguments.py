"""Arguments of another type than they must be are refused in our words, on one line."""

from functools import partial

import pandas as pd
import pytest

from recsys import Rules, generate_rules, mine
from recsys.data import Transactions
from recsys.errors import DataFormatError, ParameterError

TRANSACTIONS = Transactions.from_lists([["a", "b"], ["a", "b", "c"], ["c"]])
ITEMSETS = mine(TRANSACTIONS, 0.3)
RULES = generate_rules(ITEMSETS)


@pytest.mark.parametrize(
    ("itemsets", "cure"),
    [
        (ITEMSETS.to_frame(), "recsys.frequent_patterns.association_rules takes a frame"),
        (TRANSACTIONS, "Mine them first"),
        (None, "Mine them first"),
    ],
    ids=["frame", "transactions", "None"],
)
def test_rules_are_made_of_itemsets(itemsets, cure):
    with pytest.raises(ParameterError, match="itemsets must be a FrequentItemsets") as caught:
        generate_rules(itemsets)
    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("budget", [5, {"max_itemsets": 5}])
def test_a_budget_is_one(budget):
    for call in (partial(mine, TRANSACTIONS, 0.5), partial(generate_rules, ITEMSETS)):
        with pytest.raises(ParameterError, match="budget must be a Budget, or None"):
            call(budget=budget)


def test_a_frame_as_a_number_is_shown_on_one_line():
    with pytest.raises(ParameterError, match="min_support must be a number") as caught:
        mine(TRANSACTIONS, pd.DataFrame({"a": [1, 2]}))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("k", ["3", None, 1.5, -1])
def test_top(k):
    with pytest.raises(ParameterError, match="k must be an integer of at least 0"):
        RULES.top(k)


@pytest.mark.parametrize("names", ["lift", 5])
def test_names_of_measures(names):
    for call in (RULES.measures, RULES.to_frame, RULES.to_arrow):
        with pytest.raises(ParameterError, match="names must be a list of names of measures"):
            call(names)


@pytest.mark.parametrize("selection", ["lift", None, 1.5])
def test_a_selection(selection):
    with pytest.raises(TypeError, match="Rules are selected by slices and arrays"):
        RULES[selection]


@pytest.mark.parametrize("path", [None, 5, ""])
def test_a_path(path):
    for call in (RULES.to_parquet, ITEMSETS.to_parquet, Rules.from_parquet):
        with pytest.raises(ParameterError, match="path must be a path"):
            call(path)


@pytest.mark.parametrize("item", [("a", 1), 2**70], ids=["tuple", "long"])
def test_items_that_arrow_has_no_type_for(item, tmp_path):
    itemsets = mine(Transactions.from_lists([[item]]), 0.5)
    for call in (generate_rules(itemsets).to_parquet, itemsets.to_parquet):
        with pytest.raises(DataFormatError, match="Item ids must have a type in Arrow") as caught:
            call(tmp_path / "x.parquet")
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
