"""Limits of lists, against a naive list: the whole ranking, filtered from the top."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data import CategoryIndex, Histories
from recsys.errors import ParameterError
from recsys.recommenders import POLICY, SOURCES
from recsys.recommenders.popularity_penalty import PenalizedModel
from recsys.recommenders.selection import CategoryLimit, select
from tests.recommenders.problems import ALL, blocks, deterministic, histories, rules_of

N_ITEMS = 12
CATEGORIES = [(), ("a",), ("a", "b"), ("b",), ("c",), ("a",)] * 2
ITEMS = st.lists(st.integers(0, N_ITEMS - 1), unique=True)


@cache
def fitted(name):
    train = blocks()
    return ALL[name].fit(train, rules_of(train))


def naive(model, likes, k, exclude, candidates, pinned, maximum):
    """Return the items of one list."""
    lists = model.recommend(histories([likes], N_ITEMS), N_ITEMS, histories([[]], N_ITEMS))
    ranking = [*pinned, *lists.item_indices[0].tolist()]
    counts, items = Counter(), []
    for item in dict.fromkeys(ranking):
        full = any(counts[name] >= maximum for name in CATEGORIES[item])
        if item not in exclude and item in candidates and not full and len(items) < k:
            items.append(item)
            counts.update(CATEGORIES[item])
    return items


@deterministic
@given(
    name=st.sampled_from(["popularity", "rules", "rules_learned", "ease", "blend"]),
    likes=st.lists(ITEMS, min_size=1, max_size=3),
    k=st.integers(1, N_ITEMS),
    data=st.data(),
    maximum=st.none() | st.integers(1, 3),
    penalty=st.sampled_from([0, 0.5, -0.5]),
)
def test_a_list_is_the_ranking_filtered_from_the_top(name, likes, k, data, maximum, penalty):
    model, n = PenalizedModel.of(fitted(name), penalty), len(likes)
    exclude, pinned = (data.draw(st.lists(ITEMS, min_size=n, max_size=n)) for _ in range(2))
    candidates = data.draw(ITEMS)
    mask = np.isin(np.arange(N_ITEMS), candidates)
    limit = None if maximum is None else CategoryLimit(maximum, CategoryIndex.of(CATEGORIES))
    given = histories(likes, N_ITEMS), k, histories(exclude, N_ITEMS), mask, pinned, limit
    lists = select(model, *given)
    for user in range(n):
        items = lists.item_indices[user]
        expected = naive(model, likes[user], k, exclude[user], candidates, pinned[user], maximum or N_ITEMS)
        assert items[items >= 0].tolist() == expected
        assert (lists.sources[user] >= 0).tolist() == (items >= 0).tolist()
        top = [item in pinned[user] for item in expected]
        assert (lists.sources[user] == POLICY).tolist() == [*top, *[False] * (k - len(top))]
        for source in range(len(SOURCES)):
            scores = lists.scores[user][lists.sources[user] == source]
            assert (np.diff(scores) <= 0).all()


def test_without_limits_lists_are_those_of_the_model():
    model, likes = fitted("rules"), histories([[0, 1], [], [7]], N_ITEMS)
    lists, expected = select(model, likes, 5, likes), model.recommend(likes, 5)
    for name in ("item_indices", "scores", "sources"):
        assert getattr(lists, name).tolist() == getattr(expected, name).tolist()


def test_candidates_hold_for_users_in_several_portions(monkeypatch):
    monkeypatch.setattr("recsys.recommenders.model.SCORES_AT_ONCE", 2 * N_ITEMS)
    model, likes = fitted("ease"), histories([[0], [1], [7], [], [8, 9]], N_ITEMS)
    lists = model.recommend(likes, 3, None, np.arange(N_ITEMS) % 2 == 0)
    assert (lists.item_indices % 2 == 0).all()
    alone = [model.recommend(likes[row : row + 1], 3, None, np.arange(N_ITEMS) % 2 == 0) for row in range(5)]
    assert lists.item_indices.tolist() == [one.item_indices[0].tolist() for one in alone]


def test_candidates_are_one_for_each_item():
    with pytest.raises(ParameterError, match=r"candidates must be of shape \(12,\)\. Got \(3,\)"):
        fitted("ease").recommend(histories([[0]], N_ITEMS), 3, None, np.ones(3, dtype=bool))


def test_items_are_added_to_histories():
    one = histories([[3, 1], [], [5]], N_ITEMS).plus([[0], [2, 3], []])
    assert [one.of(user).tolist() for user in range(3)] == [[3, 1, 0], [2, 3], [5]]
    nobody = Histories.empty(np.empty(0, np.int64), np.arange(3)).plus([])
    assert (len(nobody), nobody.item_indices.dtype) == (0, np.int32)
