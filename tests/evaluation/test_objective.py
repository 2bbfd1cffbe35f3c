"""What a sweep optimises."""

import pytest

from recsys.errors import ParameterError
from recsys.evaluation import Objective


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
