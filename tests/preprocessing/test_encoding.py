"""One transaction a user."""

import numpy as np

from recsys.data import Positives
from recsys.preprocessing import encode


def test_rows_are_users_and_columns_items_in_ascending_order():
    transactions = encode(Positives(np.array([7, 7, 9]), np.array([30, 20, 30])))
    assert transactions.ids.tolist() == [7, 9]
    assert transactions.items.tolist() == [20, 30]
    assert transactions.matrix.toarray().tolist() == [[True, True], [False, True]]


def test_the_order_of_the_input_does_not_matter():
    users, items = np.array(["u2", "u1", "u2"]), np.array(["b", "b", "a"])
    order = np.array([2, 0, 1])
    one, two = encode(Positives(users, items)), encode(Positives(users[order], items[order]))
    assert one.digest == two.digest
