"""Users never seen, folded in."""

import pytest

from recsys.errors import ParameterError
from recsys.evaluation import GlobalTime, LeaveOut, Rolling, UserHoldout, UserShare
from tests.evaluation.strategies import make_positives, pairs

LIKES = {(user, item): item for user in range(20) for item in range(10)} | {(99, 1): 1}


def test_a_fifth_of_the_users_show_their_first_likes_and_are_asked_the_last():
    parts = UserHoldout().split(make_positives(LIKES))
    assert len(parts.test) == 4
    assert len(parts.validation) == 3
    for holdout in (parts.test, parts.validation):
        assert pairs(holdout.held_out) == {(user, item) for user in holdout.users for item in (8, 9)}
        assert pairs(holdout.visible) == {(user, item) for user in holdout.users for item in range(8)}
    assert set(parts.train.user_id) == {*range(20), 99} - {*parts.test.users} - {*parts.validation.users}


def test_what_users_are_drawn_follows_the_seed():
    likes = make_positives(LIKES)
    drawn = [UserHoldout(seed=seed).split(likes).test.users.tolist() for seed in range(5)]
    assert len(set(map(tuple, drawn))) > 1
    assert drawn[0] == UserHoldout(seed=0).split(likes).test.users.tolist()


def test_a_user_with_too_few_likes_is_never_drawn():
    likes = make_positives(LIKES)
    assert all(99 not in UserHoldout(test_size=0.7, seed=seed).split(likes).test.users for seed in range(5))


def test_data_without_times():
    likes = make_positives(LIKES, times=False)
    with pytest.raises(ParameterError, match=r"or evaluation=user_holdout evaluation\.order=random"):
        UserHoldout().split(likes)
    parts = UserHoldout(order="random").split(likes)
    assert len(parts.test.held_out) == 4 * 2


def test_too_few_users_are_refused():
    likes = make_positives({(1, item): item for item in range(9)})
    message = r"evaluation\.test_size must be large enough to draw one of the 1 users .* Got 0.2. Loosen"
    with pytest.raises(ParameterError, match=message):
        UserHoldout().split(likes)


@pytest.mark.parametrize("key", ["test_size", "validation_size", "held_out_size"])
def test_bad_settings(key):
    with pytest.raises(
        ParameterError, match=f"{key} must be a number between 0 and 1, neither of them. Got 1"
    ):
        UserHoldout(**{key: 1})


@pytest.mark.parametrize("kind", [UserShare, LeaveOut, GlobalTime, Rolling])
def test_where_nothing_is_drawn_there_are_no_replicates(kind):
    with pytest.raises(ParameterError, match=r"evaluation\.replicates must be 1 .* Set evaluation=rolling"):
        kind(replicates=2)


def test_replicates_draw_other_validation_parts_and_leave_the_test_part():
    likes = make_positives({(user, item): item for user in range(40) for item in range(5)})
    parts = [fold.split(likes) for fold in UserHoldout(replicates=3).folds("validation")]
    assert len({tuple(part.validation.users) for part in parts}) == 3
    assert len({tuple(part.test.users) for part in parts}) == 1
    assert tuple(UserHoldout().split(likes).validation.users) == tuple(parts[0].validation.users)
