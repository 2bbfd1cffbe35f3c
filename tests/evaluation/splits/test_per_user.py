"""Likes of every user held out: a share or a number."""

import numpy as np
import pytest

from recsys.data import Interactions
from recsys.errors import ParameterError
from recsys.evaluation import LeaveOut, UserShare
from recsys.preprocessing import Preprocessing
from tests.evaluation.strategies import make_positives, pairs

# User 1 liked ten movies, 109 first and 100 last; user 2 four.
LIKES = {(1, 100 + i): 50 - i for i in range(10)} | {(2, 100 + i): i for i in range(4)}


def test_the_last_fifth_is_the_test_and_the_last_fifth_of_the_rest_is_validation():
    parts = UserShare().split(make_positives(LIKES))
    assert pairs(parts.test.held_out) == {(1, 100), (1, 101)}
    assert pairs(parts.validation.held_out) == {(1, 102)}
    assert pairs(parts.validation.visible) == {(1, 100 + i) for i in range(3, 10)}
    assert pairs(parts.test.visible) == {(1, 100 + i) for i in range(2, 10)}


def test_a_user_with_too_few_likes_goes_whole_to_training():
    parts = UserShare().split(make_positives(LIKES))
    assert {pair for pair in pairs(parts.train) if pair[0] == 2} == {pair for pair in LIKES if pair[0] == 2}
    assert parts.test.users.tolist() == [1]


def test_leave_last_out():
    parts = LeaveOut().split(make_positives(LIKES | {(3, 100): 1}))
    assert pairs(parts.test.held_out) == {(1, 100), (2, 103)}
    assert pairs(parts.validation.held_out) == {(1, 101), (2, 102)}
    assert (3, 100) in pairs(parts.train)


def test_leave_the_last_two_out():
    parts = LeaveOut(n_held_out=2).split(make_positives(LIKES))
    assert pairs(parts.test.held_out) == {(1, 100), (1, 101), (2, 102), (2, 103)}
    assert pairs(parts.validation.held_out) == {(1, 102), (1, 103)}, "user 2 has but two left"


def test_random_needs_no_times_and_follows_the_seed():
    likes = make_positives({(u, i): 0 for u in range(5) for i in range(20)}, times=False)
    drawn = [pairs(UserShare(order="random", seed=seed).split(likes).test.held_out) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 5 * 4
    assert len(pairs(LeaveOut(order="random").split(likes).test.held_out)) == 5


@pytest.mark.parametrize("evaluation", [UserShare(), LeaveOut(n_held_out=2)])
def test_names_do_not_decide_what_is_held_out_of_one_moment(evaluation):
    likes = make_positives({(user, item): user for user in range(200) for item in range(10)})
    held_out = evaluation.split(likes).test.held_out
    assert np.bincount(held_out.item_id, minlength=10).min() > 15
    assert np.bincount(held_out.item_id).sum() == 2 * 200


def test_ties_follow_the_seed_and_not_the_order_of_the_rows():
    user, item = np.divmod(np.arange(100), 10)
    rows = np.random.default_rng(0).permutation(100)
    given = (
        Interactions(user, item, timestamp=user),
        Interactions(user[rows], item[rows], timestamp=user[rows]),
    )
    first, shuffled = (Preprocessing(likes="all").candidates(ratings) for ratings in given)
    assert pairs(UserShare().split(first).test.held_out) == pairs(UserShare().split(shuffled).test.held_out)
    assert pairs(UserShare(seed=1).split(first).test.held_out) != pairs(
        UserShare().split(first).test.held_out
    )


def test_the_two_parts_are_drawn_independently():
    """With the same draw for both, a like next to a held-out one would always be the next to go."""
    likes = make_positives({(u, i): 0 for u in range(200) for i in range(2)}, times=False)
    evaluation = LeaveOut(order="random")
    first, second = (pairs(evaluation.hold_out(likes, part)[1].held_out) for part in ("test", "validation"))
    assert 60 < len(first & second) < 140


@pytest.mark.parametrize("evaluation", [UserShare(), LeaveOut()])
def test_data_without_times_are_refused_by_an_order_of_time(evaluation):
    likes = make_positives(LIKES, times=False)
    message = (
        r"evaluation\.order must be random for data without timestamps. Got 'time'. "
        r"Give the data their times .* or choose evaluation=random, .*leave_random_out"
    )
    with pytest.raises(ParameterError, match=message):
        evaluation.split(likes)


@pytest.mark.parametrize(
    ("evaluation", "likes", "message"),
    [
        (
            UserShare(),
            {(1, i): i for i in range(4)},
            r"evaluation\.test_size must be large .* finds 4 at most. Got 0.2",
        ),
        (
            UserShare(),
            {(1, i): i for i in range(5)},
            r"evaluation\.validation_size must be .* finds 4 at most. Got 0.2",
        ),
        (
            LeaveOut(),
            {(1, 1): 1},
            r"evaluation\.n_held_out must be fewer .* test part finds 1 at most. Got 1",
        ),
        (
            LeaveOut(),
            {(1, 1): 1, (1, 2): 2},
            r"evaluation\.n_held_out .* validation part finds 1 at most. Got 1",
        ),
    ],
)
def test_too_few_likes_are_refused(evaluation, likes, message):
    with pytest.raises(
        ParameterError, match=message + r".*[Ll]oosen the preprocessing, or set evaluation=none\."
    ):
        evaluation.split(make_positives(likes))


def test_one_user_is_enough():
    assert UserShare().split(make_positives({(1, i): i for i in range(7)})).test.users.tolist() == [1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: UserShare(test_size=1),
            "test_size must be a number between 0 and 1, neither of them. Got 1",
        ),
        (lambda: UserShare(validation_size=0), "validation_size must be a number between 0 and 1"),
        (lambda: UserShare(order="latest"), "order must be one of time, random. Got 'latest'"),
        (lambda: LeaveOut(n_held_out=0), "n_held_out must be an integer of at least 1. Got 0"),
        (lambda: LeaveOut(order=None), "order must be one of time, random. Got None"),
        (lambda: LeaveOut(cutoffs=10), "cutoffs must be a list of at least one length. Got 10"),
        (lambda: LeaveOut(cutoffs=[5, True]), "cutoffs must be an integer of at least 1. Got True"),
        (lambda: LeaveOut(confidence_level=95), "confidence_level must be a number between 0 and 1"),
        (lambda: LeaveOut(n_resamples=0.5), "n_resamples must be an integer of at least 1. Got 0.5"),
        (lambda: LeaveOut(seed=None), "seed must be an integer of at least 0. Got None"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_cutoffs_ascend_and_the_largest_is_asked_for():
    evaluation = UserShare(cutoffs=[20, 5, 5])
    assert evaluation.cutoffs == (5, 20)
    assert evaluation.k == 20


def test_the_size_that_is_advised_is_enough():
    positives = make_positives({(1, item): item for item in range(3)})
    with pytest.raises(ParameterError, match=r"Set evaluation\.test_size=0\.34, loosen"):
        UserShare(test_size=0.2).split(positives)
    with pytest.raises(ParameterError, match=r"Set evaluation\.validation_size=0\.5, loosen"):
        UserShare(test_size=0.34).split(positives)
    UserShare(test_size=0.34, validation_size=0.5).split(positives)
