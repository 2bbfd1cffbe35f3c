from __future__ import annotations

import itertools

import pytest

from recsys.data import Interactions
from recsys.datasets import resolve_duplicates
from recsys.errors import DataFormatError

# User 1 rates item 7 three times, in this order of lines; user 2 once.
TWICE = Interactions([1, 1, 2, 1], [7, 7, 7, 7], [3.0, 5.0, 1.0, 2.0], [30, 10, 5, 20])
UNTIMED = Interactions([1, 1, 2, 1], [7, 7, 7, 7], [3.0, 5.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("rule", "rating", "timestamp"), [("last", 3, 30), ("first", 5, 10), ("max", 5, 10), ("mean", 10 / 3, 30)]
)
def test_each_rule_keeps_what_it_says(rule: str, rating: float, timestamp: int) -> None:
    kept = resolve_duplicates(TWICE, rule)
    assert kept.user_id.tolist() == [1, 2]
    assert kept.rating is not None
    assert kept.rating.tolist() == [rating, 1.0]
    assert kept.timestamp is not None
    assert kept.timestamp.tolist() == [timestamp, 5]


@pytest.mark.parametrize(("rule", "rating"), [("last", 2), ("first", 3), ("max", 5), ("mean", 10 / 3)])
def test_lines_decide_where_there_are_no_timestamps(rule: str, rating: float) -> None:
    kept = resolve_duplicates(UNTIMED, rule)
    assert kept.rating is not None
    assert kept.rating.tolist() == [rating, 1.0]
    assert kept.timestamp is None


def test_later_line_wins_equal_timestamps() -> None:
    ratings = Interactions([1, 1], [7, 7], [3.0, 5.0], [10, 10])
    last, first = resolve_duplicates(ratings, "last"), resolve_duplicates(ratings, "first")
    assert (last.rating, first.rating) == (pytest.approx([5.0]), pytest.approx([3.0]))


def test_mean_does_not_depend_on_the_order_of_the_input() -> None:
    orders = itertools.permutations([0.1, 0.2, 0.3, 1e16])
    means = [
        resolve_duplicates(Interactions([1] * 4, [7] * 4, list(order)), "mean").digest for order in orders
    ]
    assert len(set(means)) == 1


@pytest.mark.parametrize("rating", [0.7, 3.3, 6.1])
def test_the_mean_of_equal_ratings_is_the_rating(rating: float) -> None:
    resolved = resolve_duplicates(Interactions([1] * 3, [7] * 3, [rating] * 3), "mean")
    assert resolved.rating is not None
    assert resolved.rating.tolist() == [rating]


@pytest.mark.parametrize("rule", ["error", "last", "first", "max", "mean"])
def test_ratings_without_duplicates_pass_untouched(rule: str) -> None:
    ratings = Interactions([1, 2], [7, 7], [3.0, 5.0])
    assert resolve_duplicates(ratings, rule) is ratings


def test_error_counts_the_pairs_shows_the_first_and_names_the_choices() -> None:
    with pytest.raises(DataFormatError) as caught:
        resolve_duplicates(Interactions([1, 1, 1, 4, 4], [7, 7, 7, 8, 8], [1.0] * 5, name="mine"), "error")
    assert str(caught.value) == (
        "mine: each user rates an item once, but 2 (user, item) pairs stand more than once, the first of "
        "them user 1 with item 7. Set dataset.duplicates to one of last, first, max, mean to say which "
        "rating counts."
    )
