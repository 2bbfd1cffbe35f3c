import numpy as np
import pytest

from recsys.data import Nouns
from recsys.evaluation import RankingResult
from recsys.evaluation.slices import slices_of_items, slices_of_users
from tests.evaluation.strategies import make_histories, make_recommendations, make_targets


def test_users_by_the_length_of_their_history():
    lists = [[], [0], list(range(9)), list(range(10)), list(range(120)), list(range(5))]
    histories = make_histories(lists, n_items=120)
    train = make_histories([*lists[:5]], n_items=120)  # user 5 is new
    values = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
    measured = np.array([0, 1, 2, 3, 4, 5])
    result = RankingResult(histories.users[measured], {"ndcg@10": values}, {})
    slices = slices_of_users(result, histories, train, "ndcg@10")
    found = {one.name: (one.n, one.value.value) for one in slices}
    assert found == {
        "users who liked 0 items": (1, 0.0),
        "users who liked 1 to 9 items": (3, pytest.approx(1.3 / 3)),
        "users who liked 10 to 29 items": (1, 0.5),
        "users who liked at least 100 items": (1, 0.7),
        "users new to the training data": (1, 0.9),
    }


def test_intervals_are_those_of_the_users_of_a_slice():
    histories = make_histories([[0]] * 40, n_items=1)
    values = np.repeat([0.0, 1.0], 20)
    result = RankingResult(histories.users, {"ndcg@10": values}, {})
    (one,) = slices_of_users(result, histories, histories, "ndcg@10")
    assert one.n == 40
    assert 0.3 < one.value.low < one.value.value == 0.5 < one.value.high < 0.7


def test_held_out_likes_by_the_popularity_of_the_item():
    # Six likes: item 0 has three of them, 1 has two, 2 has one, 3 none.
    train = make_histories([[0, 1, 2], [0, 1], [0]], n_items=4)
    targets = make_targets([[1, 2], [2, 3], [1]], n_items=4)
    lists = make_recommendations([[2, 1], [3, 2], [0, 1]], k=2)
    found = {
        one.name: (one.n, one.value.value)
        for one in slices_of_items(lists, targets, train, 2, Nouns("tea", "teas"))
    }
    naive = {"medium": [(0, 1), (2, 1)], "rare": [(0, 2), (1, 2)]}
    listed = {0: {2, 1}, 1: {3, 2}, 2: {0, 1}}
    expected = {}
    for name, pairs in naive.items():
        share = np.mean([item in listed[user] for user, item in pairs])
        expected[f"held-out teas, {name}"] = (len(pairs), share)
    assert found == expected
    first = {one.name: one.value.value for one in slices_of_items(lists, targets, train, 1)}
    assert first == {"held-out items, medium": 0.0, "held-out items, rare": 0.5}


def test_without_likes_there_are_no_slices():
    train = make_histories([[]], n_items=2)
    assert slices_of_items(make_recommendations([[0]], k=1), make_targets([[1]], n_items=2), train, 1) == []
