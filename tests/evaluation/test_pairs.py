import numpy as np
import pytest
from scipy import stats

from recsys.errors import ParameterError
from recsys.evaluation import RankingResult, pairwise_differences


def result(values, users=None):
    values = np.asarray(values, dtype=np.float64)
    users = np.arange(len(values)) if users is None else users
    return RankingResult(users, {"ndcg@10": values}, {"ndcg@10": float(values.mean())})


def test_all_pairs_with_holms_correction():
    generator = np.random.default_rng(0)
    base = generator.random(200)
    results = {
        "best": result(base + 0.02 + 0.05 * generator.standard_normal(200)),
        "second": result(base + 0.01 + 0.05 * generator.standard_normal(200)),
        "third": result(base),
    }
    found = pairwise_differences(results, "ndcg@10")
    assert [(pair.first, pair.second) for pair in found] == [
        ("best", "second"),
        ("best", "third"),
        ("second", "third"),
    ]
    raw = [
        stats.ttest_rel(
            results[pair.first].per_user["ndcg@10"], results[pair.second].per_user["ndcg@10"]
        ).pvalue
        for pair in found
    ]
    order = np.argsort(raw)
    assert [found[place].p_value for place in order] == pytest.approx(
        np.maximum.accumulate(np.minimum(np.array([3, 2, 1]) * np.sort(raw), 1))
    )
    for pair in found:
        first, second = results[pair.first], results[pair.second]
        expected = first.metrics["ndcg@10"] - second.metrics["ndcg@10"]
        assert pair.difference.value == pytest.approx(expected)
        assert pair.difference.low < expected < pair.difference.high


def test_equal_recommenders_do_not_differ():
    (pair,) = pairwise_differences({"a": result([0.1, 0.5]), "b": result([0.1, 0.5])}, "ndcg@10")
    assert (pair.difference.value, pair.p_value) == (0.0, 1.0)


def test_the_same_difference_for_all_users():
    (pair,) = pairwise_differences({"a": result([0.5, 0.75]), "b": result([0.25, 0.5])}, "ndcg@10")
    assert (pair.difference.value, pair.p_value) == (0.25, 0.0)


def test_one_user_says_nothing():
    (pair,) = pairwise_differences({"a": result([1.0]), "b": result([0.0])}, "ndcg@10")
    assert pair.p_value == 1.0


def test_other_users_are_refused():
    results = {"a": result([0.1, 0.2]), "b": result([0.1, 0.2], np.array([5, 6]))}
    with pytest.raises(ParameterError, match="measured on the 2 users"):
        pairwise_differences(results, "ndcg@10")
