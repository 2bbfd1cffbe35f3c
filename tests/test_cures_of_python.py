"""What messages of the Python API advise works when it is typed as printed."""

import numpy as np
import pandas
import pytest

import recsys
import recsys.mining
from recsys import frequent_patterns
from recsys.data import Transactions
from recsys.errors import BudgetError, DataFormatError, ParameterError
from tests.integration.cures import tries

BASKETS = [["a", "b"], ["a", "b", "c"], ["c"]]
HELD = pandas.DataFrame({"a": [True, False], "b": [True, True]})


def code_in(message, after):
    """Return the expression that stands behind a text, up to the end of its sentence."""
    return str(message).partition(after)[2].partition(". ")[0].removesuffix(".")


@tries("recsys/data/transactions.py", "Convert it first")
def test_an_array_is_converted():
    frame = HELD.to_numpy()
    with pytest.raises(ParameterError) as caught:
        Transactions.from_frame(frame)
    code = code_in(caught.value, "Convert it first: ")
    converted = eval(code, {"frame": frame, "pandas": pandas, "items": ["a", "b"]})
    assert Transactions.from_frame(converted).matrix.toarray().tolist() == HELD.to_numpy().tolist()


@tries("recsys/data/lists.py", "Strip them first", "split them first")
def test_items_are_stripped_and_split():
    transaction = ["cake", "cake\n"]
    with pytest.raises(DataFormatError) as refused:
        Transactions.from_lists([transaction])
    assert eval(code_in(refused.value, "Strip them first: "), {"transaction": transaction}) == ["cake"] * 2
    with pytest.warns(UserWarning, match="look like lists") as warned:
        Transactions.from_lists([["tea,cake"], ["milk"]])
    split = eval(code_in(warned[0].message, "split them first: "), {"item": "tea,cake"})
    assert Transactions.from_lists([split, ["milk"]]).items.tolist() == ["cake", "milk", "tea"]


@tries("recsys/rules/generate.py", "Mine them first")
@tries("recsys/mining/budget.py", "For example recsys.mining.Budget")
def test_itemsets_and_a_budget_are_made():
    transactions = Transactions.from_lists(BASKETS)
    with pytest.raises(ParameterError) as caught:
        recsys.generate_rules(transactions)
    itemsets = eval(
        code_in(caught.value, "Mine them first: "), {"recsys": recsys, "transactions": transactions}
    )
    assert recsys.generate_rules(itemsets).to_frame().shape[0]
    with pytest.raises(ParameterError) as caught:
        recsys.mine(transactions, 0.5, budget=5)
    budget = eval(code_in(caught.value, "For example "), {"recsys": recsys})
    assert len(recsys.mine(transactions, 0.5, budget=budget)) == 4


@tries("recsys/frequent_patterns/rules.py", "Set max_len={length - 1}")
def test_itemsets_are_shorter(monkeypatch):
    monkeypatch.setattr("recsys.frequent_patterns.rules.MAX_SPLITS", 6)
    frame = pandas.DataFrame(np.ones((2, 3), dtype=bool), columns=list("abc"))
    with pytest.raises(BudgetError) as caught:
        frequent_patterns.association_rules(frequent_patterns.apriori(frame, 0.5))
    name, _, value = code_in(caught.value, "Set ").partition(" or ")[0].partition("=")
    shorter = frequent_patterns.apriori(frame, 0.5, **{name: int(value)})
    assert len(frequent_patterns.association_rules(shorter)) == 6
