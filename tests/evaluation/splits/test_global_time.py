"""One moment for all users, and several."""

from dataclasses import replace

import pytest

from recsys.errors import ParameterError
from recsys.evaluation import GlobalTime, Rolling
from tests.evaluation.strategies import make_positives, pairs

DAY = 24 * 3600
# User 1 liked one movie a day from 1970-01-01; user 2 came on day 8.
LIKES = {(1, day): day * DAY for day in range(10)} | {(2, 0): 8 * DAY, (2, 1): 9 * DAY}


def test_a_share_of_all_likes_is_later():
    parts = GlobalTime(test_size=0.5, validation_size=0.5).split(make_positives(LIKES))
    assert pairs(parts.train_and_validation) == {(1, day) for day in range(6)}
    assert pairs(parts.train) == {(1, day) for day in range(3)}
    assert pairs(parts.validation.held_out) == {(1, day) for day in range(3, 6)}


def test_likes_of_one_second_stay_together():
    """A quarter of twelve likes is three, but the third from the end shares its second with the fourth."""
    parts = GlobalTime(test_size=0.25).split(make_positives(LIKES))
    assert pairs(parts.test.held_out) == {(1, 9), (2, 1)}
    assert {(1, 8), (2, 0)} <= pairs(parts.train_and_validation)


@pytest.mark.parametrize("moment", ["1970-01-07", "1970-01-07T00:00:00", "1970-01-07T03:00+03:00", 6 * DAY])
def test_a_moment_is_a_date_a_time_or_a_timestamp(moment):
    parts = GlobalTime(test_from=moment, validation_from="1970-01-03").split(make_positives(LIKES))
    assert pairs(parts.test.held_out) == {(1, 6), (1, 7), (1, 8), (1, 9)}
    assert pairs(parts.train) == {(1, 0), (1, 1)}


def test_new_users_are_measured_on_request():
    likes = make_positives(LIKES)
    parts = GlobalTime(test_from=6 * DAY, min_history=0).split(likes)
    assert parts.test.users.tolist() == [1, 2]
    assert parts.test.histories(likes.item_id[:10]).lengths.tolist() == [6, 0]
    assert GlobalTime(test_from=6 * DAY).split(likes).test.users.tolist() == [1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"test_from": "1980-01-01"},
            r"evaluation\.test_from .* from 0 to 777600 \(1970-01-01 to 1970-01-10\). Got '1980",
        ),
        ({"test_from": 0}, r"evaluation\.test_from must be a moment with items before and after it"),
        (
            {"test_from": DAY, "validation_from": 3 * DAY},
            r"evaluation\.validation_from .* from 0 to 0 .* Got 259200",
        ),
        ({"test_size": 0.01}, r"evaluation\.test_size must be a moment with items before and after"),
        (
            {"min_history": 99},
            r"evaluation\.test_size .* some user with 99 earlier items .* Set evaluation.min_history=0",
        ),
    ],
)
def test_parts_that_would_be_empty_are_refused(settings, message):
    with pytest.raises(ParameterError, match=message):
        GlobalTime(**settings).split(make_positives(LIKES))


def test_data_without_times_are_refused():
    message = (
        "evaluation must be random, leave_random_out or user_holdout for data .* Got 'global_time'. Give"
    )
    with pytest.raises(ParameterError, match=message):
        GlobalTime().split(make_positives(LIKES, times=False))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test_size": 0}, "test_size must be a number between 0 and 1, neither of them. Got 0"),
        (
            {"test_from": "spring"},
            "test_from must be a date such as 2017-06-30, a timestamp, or null. Got 'spring'",
        ),
        ({"validation_from": 1.5}, "validation_from must be a date such as .* Got 1.5"),
        ({"validation_from": True}, "validation_from must be a date such as .* Got True"),
        ({"min_history": -1}, "min_history must be an integer of at least 0. Got -1"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ParameterError, match=message):
        GlobalTime(**settings)


def rolled(**settings):
    return [fold.split(make_positives(LIKES)) for fold in Rolling(**settings).folds("validation")]


def test_each_period_is_validated_on_all_before_it():
    parts = rolled(test_from=8 * DAY, validation_from=2 * DAY, periods=3)
    assert [pairs(part.train) for part in parts] == [{(1, day) for day in range(n)} for n in (2, 4, 6)]
    assert [pairs(part.validation.held_out) for part in parts] == [
        {(1, 2), (1, 3)},
        {(1, 4), (1, 5)},
        {(1, 6), (1, 7)},
    ]
    tests = {frozenset(pairs(part.test.held_out)) for part in parts}
    assert tests == {frozenset({(1, 8), (1, 9)})}
    assert len(Rolling().folds("test")) == 1


def test_the_periods_of_a_share_have_as_many_likes():
    parts = rolled(test_from=8 * DAY, validation_size=0.5, periods=2)
    assert [pairs(part.validation.held_out) for part in parts] == [{(1, 4), (1, 5)}, {(1, 6), (1, 7)}]


def test_more_periods_than_moments():
    message = r"evaluation\.periods must be at most .* part, 4. Got 5. Set evaluation.periods=4"
    with pytest.raises(ParameterError, match=message):
        rolled(test_from=8 * DAY, validation_from=4 * DAY, periods=5)


def test_a_period_that_measures_nobody_is_named():
    likes = make_positives({(1, 0): 0, (1, 1): DAY, (2, 2): 2 * DAY, (3, 3): 3 * DAY, (1, 4): 4 * DAY})
    evaluation = Rolling(test_from=4 * DAY, validation_from=DAY, periods=3)
    with pytest.raises(
        ParameterError, match=r"evaluation\.periods must be so few .* Set evaluation.periods=2"
    ):
        [fold.split(likes) for fold in evaluation.folds("validation")]


def test_without_times_the_option_is_named_as_typed():
    likes = replace(make_positives(LIKES), timestamp=None)
    with pytest.raises(ParameterError, match="Got 'rolling'"):
        Rolling().split(likes)
    with pytest.raises(ParameterError, match="Got 'global_time'"):
        GlobalTime().split(likes)
