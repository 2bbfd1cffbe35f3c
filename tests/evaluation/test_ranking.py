"""The evaluation as a whole: agreement with RecTools, edge cases, what it refuses."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from recsys.errors import ParameterError
from recsys.evaluation import encode_categories, evaluate, metric_names
from tests.evaluation.strategies import (
    deterministic,
    make_histories,
    make_recommendations,
    make_targets,
    ranking_problems,
)

REFERENCE = json.loads(Path(__file__).with_name("rectools_values.json").read_text())
CUTOFFS = (1, 5, 10, 20)


@pytest.fixture(scope="module")
def measured():
    problem = REFERENCE["problem"]
    n_items = problem["n_items"]
    return evaluate(
        make_recommendations(problem["lists"], k=20),
        make_targets(problem["held_out"], n_items),
        make_histories(problem["liked"], n_items),
        CUTOFFS,
        encode_categories([tuple(map(str, categories)) for categories in problem["categories"]]),
    )


@pytest.mark.parametrize("name", REFERENCE["rectools"])
def test_agrees_with_rectools(name, measured):
    """`rectools_reference.py` computes the values; of MAP RecTools has another denominator."""
    expected = np.array(REFERENCE["rectools"][name])
    if name.startswith("coverage"):
        assert measured.metrics[name] == pytest.approx(expected, abs=1e-9)
        return
    if name.startswith("map"):
        n_relevant = np.array([len(row) for row in REFERENCE["problem"]["held_out"]])
        expected = expected * n_relevant / np.minimum(n_relevant, int(name.split("@")[1]))
    assert expected.std() > 0 or name == "diversity@1"
    np.testing.assert_allclose(measured.per_user[name], expected, rtol=0, atol=1e-9)


def test_metrics_are_means_under_their_names(measured):
    assert set(measured.metrics) == set(metric_names(CUTOFFS))
    of_all = {f"{name}@{k}" for k in CUTOFFS for name in ("coverage", "exposure_gini")}
    assert set(measured.per_user) | of_all | {"n_evaluated_users"} == set(measured.metrics)
    assert measured.metrics["ndcg@10"] == measured.per_user["ndcg@10"].mean()
    assert measured.metrics["n_evaluated_users"] == len(measured.users) == 40


@deterministic
@given(ranking_problems())
def test_all_metrics_are_finite(problem):
    n_items, lists, sources, held_out, liked, categories = problem
    result = evaluate(
        make_recommendations(lists, 10, sources),
        make_targets(held_out, n_items),
        make_histories(liked, n_items),
        [10, 1],
        encode_categories(categories),
    )
    assert all(math.isfinite(value) for value in result.metrics.values())
    shares = {
        name: value for name, value in result.metrics.items() if name.split("@")[0] not in ("novelty", "arp")
    }
    assert all(0 <= value <= 1 for name, value in shares.items() if name != "n_evaluated_users")


def test_users_without_held_out_likes_are_left_out():
    lists = [[0], [1], [2]]
    result = evaluate(
        make_recommendations(lists, k=1),
        make_targets([[0], [], [3]], n_items=4),
        make_histories([[0, 1, 2, 3]], n_items=4),
        [1],
    )
    assert result.users.tolist() == [0, 2]
    assert result.metrics["ndcg@1"] == 0.5
    assert result.metrics["n_evaluated_users"] == 2
    assert result.metrics["coverage@1"] == 0.5, "the list of who is not measured covers nothing"


def test_one_user_with_an_empty_history_and_an_empty_list():
    result = evaluate(
        make_recommendations([[]], k=5),
        make_targets([[0]], n_items=2),
        make_histories([[0, 1]], n_items=2),
        [5],
        encode_categories([("War",), ("War",)]),
    )
    assert {name: value for name, value in result.metrics.items() if value} == {"n_evaluated_users": 1}


def test_lists_longer_than_the_catalogue():
    result = evaluate(
        make_recommendations([[1, 0]], k=50),
        make_targets([[0, 1]], n_items=2),
        make_histories([[0, 1]], n_items=2),
        [2, 50],
    )
    assert result.metrics["ndcg@50"] == result.metrics["recall@50"] == result.metrics["coverage@50"] == 1
    assert result.metrics["precision@50"] == 2 / 50


def test_items_that_the_catalogue_does_not_know_are_missed_but_counted():
    result = evaluate(
        make_recommendations([[0, 1, 2, 3]], k=4),
        make_targets([[0, 8, 9]], n_items=4),
        make_histories([[0, 1, 2, 3]], n_items=4),
        [4],
    )
    assert result.metrics["recall@4"] == result.metrics["capped_recall@4"] == 1 / 3
    assert result.metrics["ndcg@4"] < 1


def test_without_categories_diversity_is_not_measured():
    problem = (make_recommendations([[0]], 1), make_targets([[0]], 1), make_histories([[0]], 1), [1])
    assert "diversity@1" not in evaluate(*problem).metrics
    assert "diversity@1" not in evaluate(*problem, encode_categories([()])).metrics
    assert "diversity@1" in evaluate(*problem, encode_categories([("War",)])).metrics


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cutoffs": [3]},
            r"cutoffs must be at most the length of the lists, 2. Got \(3,\). Recommend lists of 3",
        ),
        ({"cutoffs": [0]}, "cutoffs must be an integer of at least 1. Got 0"),
        ({"cutoffs": []}, "cutoffs must be a list of at least one length"),
        (
            {"targets": make_targets([[0], [1]], 2)},
            "recommendations must be a list for each of 2 users. Got 1",
        ),
        ({"targets": make_targets([[]], 2)}, "targets must be held-out items of at least one user. Got 0"),
        (
            {"train": make_histories([[0]], 3)},
            "train must be histories over the targets' catalogue of 2 items",
        ),
        (
            {"categories": encode_categories([("War",)])},
            r"categories must be a row for each of 2 items. Got \(1, 1\)",
        ),
    ],
)
def test_what_does_not_agree_is_refused(changes, message):
    problem = {
        "recommendations": make_recommendations([[0, 1]], 2),
        "targets": make_targets([[0]], 2),
        "train": make_histories([[0, 1]], 2),
        "cutoffs": [2],
    }
    with pytest.raises(ParameterError, match=message):
        evaluate(**problem | changes)
