import logging

import pytest

from recsys.data import Transactions
from recsys.evaluation.preparation import warn_of_single_items


@pytest.mark.parametrize(
    ("lists", "messages"),
    [
        ([["tea", "cake"], ["tea"]], []),
        ([["tea, green", "cake"], ["tea"]], []),
        ([["tea"]], []),
        ([[1], [2]], ["Each of the 2 transactions holds one item"]),
        ([["tea"], ["cake"]], ["Each of the 2 transactions holds one item"]),
        (
            [["tea,cake"], ["tea,jam"]],
            ["Some items look like lists: 'tea,cake'", "Each of the 2 transactions holds one item"],
        ),
        ([["tea;cake", "jam"], ["tea"], ["cake"]], ["Some items look like lists: 'tea;cake'"]),
    ],
)
@pytest.mark.filterwarnings("ignore:Every transaction holds one item:UserWarning")
def test_transactions_that_were_misread_are_warned_of(lists, messages, caplog):
    transactions = Transactions.from_lists(lists)
    with caplog.at_level(logging.WARNING):
        warn_of_single_items(transactions, n_ratings=transactions.n_interactions)
    assert len(caplog.messages) == len(messages)
    assert all(map(str.startswith, caplog.messages, messages))


def test_transactions_that_hold_one_item_after_the_hold_out(caplog):
    warn_of_single_items(Transactions.from_lists([["tea"], ["cake"]]), n_ratings=4)
    assert caplog.messages[0].endswith("or loosen the preprocessing (preprocessing=all).")
    warn_of_single_items(Transactions.from_lists([["tea"], ["cake"]]), n_ratings=2)
    assert "A file needs a row for each item" in caplog.messages[1]
