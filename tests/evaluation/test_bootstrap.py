"""Intervals over users."""

import numpy as np
import pytest
from scipy import stats

from recsys.errors import ParameterError
from recsys.evaluation import Interval, RankingResult, bootstrap, bootstrap_intervals, paired_differences


def make_result(**per_user):
    per_user = {name: np.asarray(values, dtype=np.float64) for name, values in per_user.items()}
    n_users = len(next(iter(per_user.values())))
    return RankingResult(np.arange(n_users), per_user, {})


VALUES = np.random.default_rng(3).gamma(0.3, size=200)


def test_agrees_with_scipy():
    """SciPy draws the same numbers from the same seed."""
    found = bootstrap_intervals(make_result(ndcg=VALUES), n_resamples=400, confidence_level=0.9, seed=5)[
        "ndcg"
    ]
    expected = stats.bootstrap(
        (VALUES,),
        np.mean,
        n_resamples=400,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low < found.value < found.high
    assert found.value == VALUES.mean()


def test_the_interval_holds_the_mean_as_often_as_it_says():
    """Of 200 samples of 100 users, about 90% of the 90% intervals hold the true mean of 0.5."""
    samples = np.random.default_rng(1).random((200, 100))
    names = [f"sample {number}" for number in range(len(samples))]
    intervals = bootstrap_intervals(
        make_result(**dict(zip(names, samples, strict=True))), n_resamples=300, confidence_level=0.9
    )
    held = np.mean([interval.low <= 0.5 <= interval.high for interval in intervals.values()])
    assert 0.83 <= held <= 0.96


def test_one_seed_gives_the_same_numbers_and_another_others():
    result = make_result(ndcg=VALUES)
    assert bootstrap_intervals(result, seed=1) == bootstrap_intervals(result, seed=1)
    assert bootstrap_intervals(result, seed=1) != bootstrap_intervals(result, seed=2)


def test_an_interval_does_not_depend_on_the_metrics_beside_it():
    alone = bootstrap_intervals(make_result(ndcg=VALUES))["ndcg"]
    assert bootstrap_intervals(make_result(recall=VALUES**2, ndcg=VALUES))["ndcg"] == alone


def test_many_users_are_resampled_in_blocks(monkeypatch):
    whole = bootstrap_intervals(make_result(ndcg=VALUES), n_resamples=50)["ndcg"]
    monkeypatch.setattr(bootstrap, "_BLOCK", 7 * len(VALUES))
    blocks = bootstrap_intervals(make_result(ndcg=VALUES), n_resamples=50)["ndcg"]
    assert (blocks.low, blocks.high) == pytest.approx((whole.low, whole.high), abs=0.02)
    monkeypatch.setattr(bootstrap, "_BLOCK", 1)
    assert bootstrap_intervals(make_result(ndcg=VALUES), n_resamples=50)["ndcg"].value == whole.value


def test_one_user_leaves_no_doubt_to_resample():
    assert bootstrap_intervals(make_result(ndcg=[0.25])) == {"ndcg": Interval(0.25, 0.25, 0.25)}


def test_an_interval_without_width_is_not_shown():
    assert f"{Interval(0.25, 0.2, 0.3):+.4f}" == "+0.2500 (+0.2000 to +0.3000)"
    assert f"{Interval(0.25, 0.25, 0.25):.4f}" == "0.2500"
    assert f"{Interval(0.25, 0.24999, 0.25001):.4f}" == "0.2500"
    assert f"{Interval(0.25, 0.25, 0.26):.4f}" == "0.2500 (0.2500 to 0.2600)"


def test_pairs_show_a_difference_that_the_intervals_hide():
    """Every user gains a hundredth; between users there is far more."""
    baseline = make_result(ndcg=VALUES, recall=VALUES)
    better = make_result(ndcg=VALUES + 0.01, novelty=VALUES)
    one, two = bootstrap_intervals(better)["ndcg"], bootstrap_intervals(baseline)["ndcg"]
    assert one.low < two.high
    difference = paired_differences(better, baseline)
    assert set(difference) == {"ndcg"}
    assert (difference["ndcg"].low, difference["ndcg"].high) == pytest.approx((0.01, 0.01))
    assert paired_differences(baseline, better)["ndcg"].value == pytest.approx(-0.01)


def test_other_users_cannot_be_paired():
    baseline = make_result(ndcg=VALUES[:7])
    with pytest.raises(ParameterError, match="baseline must be measured on the 200 users of the result"):
        paired_differences(make_result(ndcg=VALUES), baseline)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_resamples": 0}, "n_resamples must be an integer of at least 1. Got 0"),
        (
            {"confidence_level": 1},
            "confidence_level must be a number between 0 and 1, neither of them. Got 1",
        ),
        ({"seed": -1}, "seed must be an integer of at least 0. Got -1"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ParameterError, match=message):
        bootstrap_intervals(make_result(ndcg=VALUES), **settings)
