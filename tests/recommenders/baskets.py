"""Small histories of orders, and the profile and neighbour definitions of next basket recommenders."""

import numpy as np
from hypothesis import strategies as st

from recsys.data import Histories


def orders(customers, n_items):
    """Make histories of lists of orders, lists of item indices, the earliest order first."""
    lines = [
        (user, number, item)
        for user, rows in enumerate(customers)
        for number, order in enumerate(rows)
        for item in order
    ]
    user, number, item = np.array(lines, dtype=np.int64).reshape(-1, 3).T
    users, items = np.arange(len(customers)), np.arange(n_items)
    return Histories.from_pairs(user, item, number, users, items, repeats=True)


@st.composite
def shops(draw):
    """Draw orders of customers, those of some to recommend for, and a number of items."""
    n_items = draw(st.integers(1, 6))
    order = st.lists(st.integers(0, n_items - 1), min_size=1, max_size=4, unique=True)
    customers = draw(st.lists(st.lists(order, max_size=6), min_size=1, max_size=7).filter(any))
    others = draw(st.lists(st.lists(order, max_size=6), max_size=3))
    return customers, [*customers[:2], *others], n_items


def nearest(closeness, n, candidates):
    """Return the n closest of some candidates; of equal ones the first."""
    return sorted(candidates, key=lambda user: (-round(closeness(user), 9), user))[:n]


def others(history, train):
    """Return the positions of the users of the training data, but of one with the same orders."""
    same = [user for user, rows in enumerate(train) if [*map(set, rows)] == [*map(set, history)]]
    return [user for user in range(len(train)) if user not in same[:1]]
