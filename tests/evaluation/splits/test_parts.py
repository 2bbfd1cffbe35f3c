"""Shares and orders."""

import numpy as np
import pytest

from recsys.evaluation.splits.parts import largest_count, order_likes
from tests.evaluation.strategies import make_positives


@pytest.mark.parametrize("share", [0.1, 0.2, 0.29, 0.3, 1 / 3, 0.7, 0.95, 1e-9])
def test_the_largest_count_within_a_share_to_the_last_bit(share):
    n = np.arange(1, 200)
    expected = [max(c for c in range(total) if c / total <= share) for total in n.tolist()]
    assert largest_count(n, share).tolist() == expected


def test_where_doubles_miss_by_one():
    assert int(0.29 * 100) == 28
    assert largest_count(100, 0.29) == 29
    assert largest_count([0, 4, 5], 0.2).tolist() == [0, 0, 1]


def test_likes_of_one_moment_are_ordered_at_random():
    likes = make_positives({(1, 10): 7, (1, 20): 3, (1, 30): 7, (2, 10): 1})
    orders = [order_likes(likes, "time", np.random.default_rng(seed)) for seed in range(20)]
    found = [order.from_last.tolist() for order in orders]
    assert sorted({tuple(one) for one in found}) == [(0, 2, 1, 0), (1, 2, 0, 0)]
    assert 4 < found.count([1, 2, 0, 0]) < 16
    assert orders[0].n_likes.tolist() == [3, 1]
    assert orders[0].user.tolist() == [0, 0, 0, 1]


def test_ties_change_nothing_else_that_is_drawn():
    generator = np.random.default_rng(3)
    order_likes(make_positives({(1, 10): 7, (1, 20): 7}), "time", generator)
    assert generator.random() == np.random.default_rng(3).random()
