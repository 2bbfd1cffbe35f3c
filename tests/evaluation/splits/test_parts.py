"""Shares and orders."""

import numpy as np
import pytest

from recsys.evaluation.splits.parts import largest_count, order_likes
from tests.evaluation.strategies import make_interactions


@pytest.mark.parametrize("share", [0.1, 0.2, 0.29, 0.3, 1 / 3, 0.7, 0.95, 1e-9])
def test_the_largest_count_within_a_share_to_the_last_bit(share):
    n = np.arange(1, 200)
    expected = [max(c for c in range(total) if c / total <= share) for total in n.tolist()]
    assert largest_count(n, share).tolist() == expected


def test_where_doubles_miss_by_one():
    assert int(0.29 * 100) == 28
    assert largest_count(100, 0.29) == 29
    assert largest_count([0, 4, 5], 0.2).tolist() == [0, 0, 1]


def test_likes_of_one_second_are_ordered_by_item():
    likes = make_interactions({(1, 10): 7, (1, 20): 3, (1, 30): 7, (2, 10): 1})
    order = order_likes(likes, "time", np.random.default_rng(0))
    assert order.from_last.tolist() == [1, 2, 0, 0]
    assert order.n_likes.tolist() == [3, 1]
    assert order.user.tolist() == [0, 0, 0, 1]
