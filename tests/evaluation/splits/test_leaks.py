"""What every split owes: nothing asked for can be reached from what is learnt from or shown."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from recsys.errors import ParameterError
from recsys.evaluation import GlobalTime, LeaveOut, NoSplit, UserHoldout, UserShare
from tests.evaluation.strategies import deterministic, likes, make_interactions, pairs

SPLITS = [
    UserShare(),
    UserShare(test_size=0.5, validation_size=0.4),
    UserShare(order="random"),
    LeaveOut(),
    LeaveOut(n_held_out=2),
    LeaveOut(order="random"),
    GlobalTime(),
    GlobalTime(min_history=0),
    GlobalTime(test_from=9, validation_from=6),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3),
    UserHoldout(test_size=0.4, validation_size=0.4, held_out_size=0.3, order="random"),
]


@pytest.mark.parametrize("evaluation", SPLITS, ids=lambda evaluation: type(evaluation).__name__)
@settings(deterministic, max_examples=25)
@given(drawn=likes())
def test_a_split_leaks_nothing(evaluation, drawn):
    try:
        parts = evaluation.split(make_interactions(drawn))
    except ParameterError:
        assume(False)  # too few likes for this split: other tests hold that these are refused
    final = (parts.train_and_validation, parts.test)
    for learnt, holdout in [(parts.train, parts.validation), final]:
        held_out_likes_are_neither_learnt_from_nor_shown(learnt, holdout)
        who_is_shown_is_asked(holdout, getattr(evaluation, "min_history", 1))
        likes_are_those_of_the_data(drawn, learnt, holdout.visible, holdout.held_out)
        if getattr(evaluation, "order", "") == "time":
            nothing_shown_of_a_user_is_later_than_what_is_asked(drawn, learnt, holdout)
        if isinstance(evaluation, GlobalTime):
            assert max(learnt.timestamp) < min(holdout.held_out.timestamp)
        if isinstance(evaluation, UserHoldout):
            assert not set(learnt.user_id) & set(holdout.users)
    the_search_sees_nothing_of_the_test(parts)
    if not isinstance(evaluation, GlobalTime):  # which leaves the later likes of new users out
        assert everything(*final) == set(drawn)
        assert everything(parts.train, parts.validation) == pairs(parts.train_and_validation)


def everything(learnt, holdout):
    return pairs(learnt) | pairs(holdout.visible) | pairs(holdout.held_out)


def held_out_likes_are_neither_learnt_from_nor_shown(learnt, holdout):
    assert len(holdout.held_out)
    assert not pairs(holdout.held_out) & (pairs(learnt) | pairs(holdout.visible))


def who_is_shown_is_asked(holdout, min_history):
    assert set(holdout.visible.user_id) <= set(holdout.users) == set(holdout.held_out.user_id)
    if min_history:
        assert set(holdout.visible.user_id) == set(holdout.users)


def likes_are_those_of_the_data(drawn, *parts):
    for part in parts:
        times = zip(part.user_id.tolist(), part.item_id.tolist(), part.timestamp.tolist(), strict=True)
        found = [((user, item), time) for user, item, time in times]
        assert dict(found).items() <= drawn.items()
        assert found == sorted(found), "by user, then item, as Interactions say"


def nothing_shown_of_a_user_is_later_than_what_is_asked(drawn, learnt, holdout):
    shown = pairs(holdout.visible) | pairs(learnt)
    for user in holdout.users.tolist():
        asked = [(drawn[pair], pair) for pair in pairs(holdout.held_out) if pair[0] == user]
        assert all((drawn[pair], pair) < min(asked) for pair in shown if pair[0] == user)


def the_search_sees_nothing_of_the_test(parts):
    seen = everything(parts.train, parts.validation)
    assert not pairs(parts.test.held_out) & seen
    assert pairs(parts.train) < pairs(parts.train_and_validation)
    assert seen <= pairs(parts.train_and_validation)


@pytest.mark.parametrize("evaluation", [*SPLITS, NoSplit()], ids=lambda evaluation: type(evaluation).__name__)
def test_a_split_is_the_same_each_time_and_a_key(evaluation):
    likes = make_interactions({(u, i): u * i % 13 for u in range(1, 9) for i in range(1, 12)})
    one, two = evaluation.split(likes), evaluation.split(likes)
    assert pairs(one.train) == pairs(two.train)
    assert pairs(one.test.held_out) == pairs(two.test.held_out)
    assert hash(evaluation) == hash(type(evaluation)(**vars(evaluation)))


def test_no_split_learns_from_everything_and_asks_nothing():
    likes = make_interactions({(1, 1): 1, (2, 1): 2})
    parts = NoSplit().split(likes)
    assert parts.train is likes
    assert parts.train_and_validation is likes
    assert len(parts.validation) == len(parts.test) == 0
    assert parts.test.histories(np.array([1])).n_users == 0
