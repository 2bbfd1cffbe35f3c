"""Shares and orders."""

from dataclasses import replace

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


@pytest.mark.parametrize("order", ["time", "random"])
def test_ratings_that_are_no_likes_change_nothing_that_is_drawn(order):
    generators = [np.random.default_rng(3) for _ in range(2)]
    rated = make_positives({(user, item): item // 3 for user in range(4) for item in range(10)})
    rated = replace(rated, is_candidate=rated.item_id % 3 != user_of_dislikes(rated))
    likes = rated.select(rated.candidates)
    both, alone = map(order_likes, (rated, likes), [order] * 2, generators)
    assert both.from_last[rated.candidates].tolist() == alone.from_last.tolist()
    assert both.n_likes.tolist() == alone.n_likes.tolist()
    assert generators[0].random() == generators[1].random()


def user_of_dislikes(rated):
    """Return a number that differs between the users, so that they dislike different items."""
    return rated.user_id % 3


def test_a_rating_that_is_no_like_comes_before_or_after_the_likes_of_its_moment_by_chance():
    rated = make_positives({(1, 10): 7, (1, 20): 7, (1, 30): 5})
    for item in (10, 20):
        given = replace(rated, is_candidate=rated.item_id != item)
        orders = [order_likes(given, "time", np.random.default_rng(seed)) for seed in range(40)]
        found = [order.from_last[item // 10 - 1] for order in orders]
        assert set(found) == {0, 1}
        assert 10 < found.count(0) < 30


def test_ties_change_nothing_else_that_is_drawn():
    generator = np.random.default_rng(3)
    order_likes(make_positives({(1, 10): 7, (1, 20): 7}), "time", generator)
    assert generator.random() == np.random.default_rng(3).random()
