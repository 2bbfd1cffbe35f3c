"""Measures beyond accuracy, by hand and against their definitions."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given

from recsys.evaluation import encode_categories
from recsys.evaluation.beyond_accuracy import (
    average_popularity,
    coverage,
    diversity,
    exposure_gini,
    fallback_share,
    novelty,
    serendipity,
)
from tests.evaluation import naive
from tests.evaluation.strategies import (
    deterministic,
    make_histories,
    make_recommendations,
    ranking_problems,
)

CUTOFFS = (1, 2, 3, 10)


def test_an_item_that_one_of_four_likes_has_two_bits():
    train = make_histories([[0, 1], [0], [0, 1], [0, 2]], n_items=4)
    items = np.array([[2, 1, 0, -1], [3, -1, -1, -1]], dtype=np.int32)
    values = novelty(items, train, [1, 2, 4])
    assert values["novelty@1"].tolist() == [2, 2], "the item that nobody likes counts as liked by one"
    assert values["novelty@2"].tolist() == [1.5, 2]
    assert values["novelty@4"].tolist() == [1, 2]


def test_films_with_a_category_in_common():
    categories = encode_categories([("Drama", "War"), ("War",), ("Comedy",), (), ()])
    items = np.array([[0, 1, 2], [3, 4, -1], [0, -1, -1], [0, 3, -1]], dtype=np.int32)
    values = diversity(items, categories, [1, 2, 3])
    assert values["diversity@1"].tolist() == [0, 0, 0, 0]
    assert values["diversity@2"].tolist() == [0.5, 0, 0, 1]
    assert values["diversity@3"] == pytest.approx([(0.5 + 1 + 1) / 3, 0, 0, 1])


def test_categories_are_columns_in_alphabetical_order():
    assert encode_categories([("War", "Drama"), (), ("War",)]).tolist() == [
        [True, True],
        [False, False],
        [False, True],
    ]


def test_serendipity_of_the_example_of_rectools():
    train = make_histories([[0, 1], [0, 1], [0]], n_items=4)
    items = np.array([[0, 1], [1, 2], [2, -1], [1, 2]], dtype=np.int32)
    hits = np.array([[True, True], [True, True], [False, False], [True, False]])
    values = serendipity(items, hits, train, [1, 2])
    assert values["serendipity@1"].tolist() == [0, 0.25, 0, 0.25]
    assert values["serendipity@2"].tolist() == [0, 0.5, 0, 0.125]


def test_average_popularity_counts_users():
    train = make_histories([[0, 1], [0], [0, 1], [0, 2]], n_items=4)
    items = np.array([[0, 1, 3], [2, -1, -1]], dtype=np.int32)
    values = average_popularity(items, train, [1, 3])
    assert values["arp@1"].tolist() == [4, 1]
    assert values["arp@3"].tolist() == [2, 1]


def test_exposure_is_all_alike_or_of_one_item():
    alike = np.arange(4, dtype=np.int32)[:, np.newaxis]
    assert exposure_gini(alike, 4, [1]) == {"exposure_gini@1": 0.0}
    assert exposure_gini(np.zeros_like(alike), 4, [1]) == {"exposure_gini@1": 0.75}
    assert exposure_gini(np.full_like(alike, -1), 4, [1]) == {"exposure_gini@1": 0.0}


def test_coverage_counts_an_item_once():
    items = np.array([[0, 1], [0, -1]], dtype=np.int32)
    assert coverage(items, 4, [1, 2]) == {"coverage@1": 0.25, "coverage@2": 0.5}


def test_an_empty_catalogue():
    items = np.full((2, 3), -1, dtype=np.int32)
    train = make_histories([[], []], n_items=0)
    assert novelty(items, train, [3])["novelty@3"].tolist() == [0, 0]
    assert diversity(items, encode_categories([]), [3])["diversity@3"].tolist() == [0, 0]
    assert coverage(items, 0, [3]) == {"coverage@3": 0}
    assert exposure_gini(items, 0, [3]) == {"exposure_gini@3": 0}
    hits = np.zeros(items.shape, dtype=np.bool_)
    assert serendipity(items, hits, train, [3])["serendipity@3"].tolist() == [0, 0]
    assert average_popularity(items, train, [3])["arp@3"].tolist() == [0, 0]


@deterministic
@given(ranking_problems())
def test_all_agree_with_their_definitions(problem):
    n_items, lists, sources, _, liked, categories = problem
    recommendations = make_recommendations(lists, max(CUTOFFS), sources)
    items = recommendations.item_indices
    found = (
        novelty(items, make_histories(liked, n_items), CUTOFFS)
        | diversity(items, encode_categories(categories), CUTOFFS)
        | fallback_share(recommendations.sources, CUTOFFS)
        | coverage(items, n_items, CUTOFFS)
        | exposure_gini(items, n_items, CUTOFFS)
        | average_popularity(items, make_histories(liked, n_items), CUTOFFS)
    )
    for k in CUTOFFS:
        expected = {
            "novelty": [naive.novelty(listed, liked, k) for listed in lists],
            "diversity": [naive.diversity(listed, categories, k) for listed in lists],
            "fallback_share": [naive.fallback_share(row, k) for row in sources],
            "coverage": naive.coverage(lists, n_items, k),
            "exposure_gini": naive.exposure_gini(lists, n_items, k),
            "arp": [naive.average_popularity(listed, liked, k) for listed in lists],
        }
        for name, values in expected.items():
            np.testing.assert_allclose(found[f"{name}@{k}"], values, atol=1e-12)


def test_the_pairs_of_long_lists_are_not_all_in_memory():
    items = np.tile(np.arange(400, dtype=np.int32), (100, 1))
    categories = np.eye(3, dtype=np.bool_)[np.arange(400) % 3]
    tracemalloc.start()
    values = diversity(items, categories, [400])["diversity@400"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    same = sum(len(part) * (len(part) - 1) / 2 for part in (range(134), range(133), range(133)))
    np.testing.assert_allclose(values, 1 - same / (400 * 399 / 2))
    assert peak < 20_000_000
