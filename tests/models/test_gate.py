import numpy as np
import pytest

from recsys.errors import ParameterError
from recsys.evaluation import RankingResult, UserShare
from recsys.models.gate import Gate, Latency, judge, measure_latency
from recsys.runs.refit import Measurement
from tests.models.problems import bundle_of

FAST = Latency(0.5, 2.0)


def measured(*ndcg, coverage=0.2):
    values = np.array(ndcg)
    metrics = {"ndcg@10": float(values.mean()), "coverage@10": coverage}
    ranking = RankingResult(np.arange(len(values)), {"ndcg@10": values}, metrics)
    return Measurement(UserShare(), ranking)


def decide(challenger, champion=None, gate=None, latency=FAST):
    return judge(gate or Gate(), challenger, latency, champion)


def test_without_a_champion_the_bounds_decide():
    decision = decide(measured(0.1, 0.3))
    assert decision.accepted
    assert [str(check) for check in decision.checks] == [
        "passed  coverage@10 0.2000; minimum 0.01",
        "passed  a request takes 0.50 ms (p50) and 2.00 ms (p99); maximum 50 ms (p99)",
    ]


def test_what_covers_too_little_is_refused():
    decision = decide(measured(0.1, coverage=0.19), gate=Gate(min_coverage=0.2))
    assert not decision.accepted
    assert str(decision.checks[0]) == "REFUSED coverage@10 0.1900; minimum 0.2"


def test_what_is_too_slow_is_refused():
    assert not decide(measured(0.1), gate=Gate(max_latency=1.9)).accepted
    assert decide(measured(0.1), gate=Gate(max_latency=2.0)).accepted


def test_a_challenger_that_is_worse_for_everybody_is_refused():
    decision = decide(measured(0.1, 0.2, 0.3), measured(0.2, 0.3, 0.4))
    assert not decision.accepted
    assert str(decision.checks[0]) == (
        "REFUSED ndcg@10 0.2000, the champion's 0.3000: difference -0.1000 at 95%, "
        "3 users; an interval below 0 is worse"
    )


def test_a_challenger_that_is_worse_as_served_is_refused():
    same, better = measured(0.2, 0.3), measured(0.3, 0.4)
    decision = judge(Gate(), same, FAST, same, (same, better))
    assert not decision.accepted
    assert str(decision.checks[0]).startswith(
        "REFUSED as served: ndcg@10 0.2500, the champion's 0.3500: difference -0.1000"
    )
    assert decision.checks[1].passed


def test_a_difference_that_may_be_chance_is_let_through():
    assert decide(measured(0.0, 0.0, 0.3, 0.0), measured(0.1, 0.1, 0.0, 0.2)).accepted


def test_a_better_and_an_equal_challenger_are_let_through():
    assert decide(measured(0.2, 0.3), measured(0.1, 0.2)).accepted
    assert decide(measured(0.2, 0.3), measured(0.2, 0.3)).accepted


def test_a_metric_that_was_not_measured():
    with pytest.raises(ParameterError, match=r"metric must be one that was measured.*Got 'ndcg@7'"):
        decide(measured(0.1), gate=Gate(metric="ndcg@7"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"metric": "lift"}, "metric must be a metric of lists with its cut-off"),
        ({"min_coverage": 2}, "min_coverage must be a number from 0 to 1"),
        ({"max_latency": 0}, "max_latency must be a number above 0"),
    ],
)
def test_bad_settings(setting, message):
    with pytest.raises(ParameterError, match=message):
        Gate(**setting)


def test_answers_are_timed():
    latency = measure_latency(bundle_of("rules"))
    assert 0 < latency.p50 <= latency.p99
