"""What a sweep optimises."""

import pytest

from recsys.errors import ParameterError
from recsys.evaluation import AutoEvaluation, NextBasket, Objective, UserShare
from tests.integration.cures import tries


def test_one_metric_is_a_number_and_several_are_a_tuple():
    metrics = {"max_lift": 2.5, "n_rules": 7}
    assert Objective(["max_lift"], ["maximize"])(metrics) == 2.5
    assert Objective(["max_lift", "n_rules"], ["maximize", "minimize"])(metrics) == (2.5, 7.0)


@pytest.mark.parametrize(
    ("metrics", "directions", "message"),
    [
        (["lift"], ["maximize"], "metrics must be one of n_transactions, .*max_lift.* Got 'lift'"),
        (["max_lift"], ["up"], "directions must be one of maximize, minimize. Got 'up'"),
        (["max_lift"], ["maximize", "maximize"], "directions must be one for each of the 1 metrics"),
        ("max_lift", ["maximize"], "metrics must be a list of at least one name. Got 'max_lift'"),
        ([], [], "metrics must be a list of at least one name"),
    ],
)
def test_bad_parameters(metrics, directions, message):
    with pytest.raises(ParameterError, match=message):
        Objective(metrics, directions)


def test_constraints_are_told_beside_the_value():
    bounds = {"n_rules": {"at_least": 100, "at_most": 200_000}, "max_confidence": {"at_most": 0.5}}
    objective = Objective(["max_lift"], ["maximize"], bounds)
    told = objective({"max_lift": 2.5, "n_rules": 7, "max_confidence": 0.25})
    assert told == {
        "values": 2.5,
        "constraints": {"n_rules>=100": 93.0, "n_rules<=200000": -199_993.0, "max_confidence<=0.5": -0.25},
    }
    hash(objective)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (
            ["n_rules"],
            r"constraints must be metrics with their bounds, such as {n_rules: .*Got \['n_rules'\]",
        ),
        ({"rules": {"at_least": 1}}, "constraints must be one of n_transactions, .* Got 'rules'"),
        ({"n_rules": 100}, r"constraints\.n_rules must be at_least, at_most or both, as a mapping. Got 100"),
        ({"n_rules": {"over": 1}}, r"constraints\.n_rules must be one of at_least, at_most. Got 'over'"),
        (
            {"n_rules": {"at_most": "many"}},
            r"constraints\.n_rules\.at_most must be a finite number. Got 'many'",
        ),
    ],
)
def test_bad_constraints(constraints, message):
    with pytest.raises(ParameterError, match=message):
        Objective(["max_lift"], ["maximize"], constraints)


@tries("recsys/evaluation/objective.py", "Set objective=ndcg, or", "Set objective.constraints=null")
def test_metrics_that_the_evaluation_or_the_data_do_not_have():
    repeats = Objective(["ndcg_repeat@10"], ["maximize"])
    with pytest.raises(
        ParameterError, match=r"objective\.metrics .* Set objective=ndcg, or, .* evaluation=next_basket\.$"
    ):
        repeats.check(UserShare())
    Objective(["ndcg@10"], ["maximize"]).check(UserShare())
    for evaluation in (NextBasket(), AutoEvaluation()):  # which may choose it
        repeats.check(evaluation)
    measured = {"ndcg@10": 0.5}
    bounded = Objective(["ndcg@10"], ["maximize"], {"ndcg_new@10": {"at_least": 0.1}})
    cures = {"metrics": r"Set objective=ndcg\.$", "constraints": r"Set objective\.constraints=null\.$"}
    for objective, (key, cure) in zip([repeats, bounded], cures.items(), strict=True):
        with pytest.raises(ParameterError, match=rf"objective\.{key} must be measured .* {cure}"):
            objective(measured)
    assert Objective(["ndcg@10"], ["maximize"])(measured) == 0.5
