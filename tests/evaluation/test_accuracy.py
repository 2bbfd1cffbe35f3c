"""Measures of how well lists hit, against values worked out by hand and against their definitions."""

from math import log2

import numpy as np
import pytest
from hypothesis import given

from recsys.evaluation.accuracy import ACCURACY, accuracy, find_hits
from tests.evaluation import naive
from tests.evaluation.strategies import (
    deterministic,
    make_recommendations,
    make_targets,
    ranking_problems,
)

CUTOFFS = (1, 2, 3, 10)


def test_a_list_worked_out_by_hand():
    """Hits at ranks 2 and 3, four liked."""
    hits = np.array([[False, True, True, False]])
    values = accuracy(hits, np.array([4]), [1, 3, 4])
    expected = {
        "ndcg@1": 0,
        "ndcg@3": (1 / log2(3) + 1 / 2) / (1 + 1 / log2(3) + 1 / 2),
        "recall@3": 2 / 4,
        "capped_recall@3": 2 / 3,
        "precision@3": 2 / 3,
        "precision@4": 2 / 4,
        "map@3": (1 / 2 + 2 / 3) / 3,
        "map@4": (1 / 2 + 2 / 3) / 4,
        "mrr@1": 0,
        "mrr@3": 1 / 2,
        "hit_rate@1": 0,
        "hit_rate@3": 1,
    }
    for name, value in expected.items():
        assert values[name] == pytest.approx([value], abs=1e-12), name


def test_the_best_list_reaches_one_whatever_the_number_of_likes():
    """One like fills ndcg and map; recall is what a short list cannot fill."""
    hits = np.array([[True, False, False], [True, True, True]])
    values = accuracy(hits, np.array([1, 6]), [3])
    assert values["ndcg@3"].tolist() == values["map@3"].tolist() == [1, 1]
    assert values["recall@3"].tolist() == [1, 0.5]
    assert values["capped_recall@3"].tolist() == [1, 1]
    assert values["precision@3"] == pytest.approx([1 / 3, 1])


def test_nothing_at_the_end_of_a_list_is_no_hit():
    """A key made of -1 would be the last item of the user before."""
    recommendations = make_recommendations([[0], [1]], k=2)
    targets = make_targets([[2], [1]], n_items=3)
    assert find_hits(recommendations.item_indices, targets).tolist() == [[False, False], [True, False]]


def test_no_target_is_known_to_the_catalogue():
    hits = find_hits(make_recommendations([[0, 1]], k=2).item_indices, make_targets([[7]], n_items=3))
    assert not hits.any()
    assert accuracy(hits, np.array([1]), [2])["ndcg@2"].tolist() == [0]


@deterministic
@given(ranking_problems())
def test_all_agree_with_their_definitions(problem):
    n_items, lists, _, held_out, _, _ = problem
    targets = make_targets(held_out, n_items)
    hits = find_hits(make_recommendations(lists, max(CUTOFFS)).item_indices, targets)
    values = accuracy(hits, targets.n_relevant, CUTOFFS)
    assert set(values) == {f"{name}@{k}" for name in ACCURACY for k in CUTOFFS}
    assert set(ACCURACY) == set(naive.ACCURACY)
    for k in CUTOFFS:
        for name, measure in naive.ACCURACY.items():
            expected = [measure(listed, liked, k) for listed, liked in zip(lists, held_out, strict=True)]
            np.testing.assert_allclose(values[f"{name}@{k}"], expected, atol=1e-12)
