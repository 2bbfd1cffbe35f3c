"""What a refused split advises is applied, until a split is made."""

import logging
import re

import numpy as np
import pytest

from recsys.data import Interactions, Transactions
from recsys.errors import ParameterError
from recsys.evaluation import GlobalTime, LeaveOut, NextBasket, NoSplit, Rolling, UserHoldout, UserShare
from recsys.evaluation.preparation import warn_of_single_items
from recsys.preprocessing import Preprocessing
from tests.integration.cures import tries


def positives(lengths, *, one_moment=False, rating=None):
    """Return the candidates of users with so many ratings each."""
    users = np.repeat(np.arange(len(lengths)), lengths)
    items = np.concatenate([np.arange(length) for length in lengths])
    times = np.zeros(len(users), dtype=np.int64) if one_moment else np.arange(len(users))
    rating = None if rating is None else np.full(len(users), rating, dtype=float)
    data = Interactions(
        user_id=users, item_id=items, rating=rating, timestamp=times, items=None, name="small"
    )
    return Preprocessing(likes="all" if rating is None else "user_mean").candidates(data)


def advised(error):
    """Return the first assignment that is advised."""
    key, value = re.search(r"[Ss]et evaluation(?:\.(\w+))?=([\w.]*\w)", str(error)).groups()
    return key, value


@tries(
    "recsys/evaluation/splits/per_user.py",
    "Set evaluation.n_held_out={fits}",
    "Set evaluation.held_out_size=0.5",
)
@tries(
    "recsys/evaluation/splits/per_user.py", "Set evaluation.{part}_size=", "Loosen the preprocessing, or set"
)
@tries("recsys/evaluation/splits/global_time.py", "Set {key}=", "Set evaluation=random.")
@pytest.mark.parametrize(
    ("evaluation", "lengths"),
    [
        (LeaveOut(n_held_out=9), [3, 7, 2]),
        (LeaveOut(n_held_out=4), [7, 2]),
        (LeaveOut(n_held_out=2), [4, 2]),
        (LeaveOut(n_held_out=4), [5, 4, 4]),
        (LeaveOut(n_held_out=1), [2, 2]),
        (UserShare(test_size=0.01), [30, 2]),
        (UserShare(test_size=0.01), [1, 1]),
        (UserHoldout(test_size=0.01), [9] * 7),
        (UserHoldout(test_size=0.2), [9, 3, 3, 2, 1]),
        (UserHoldout(test_size=0.2), [1, 1]),
        (GlobalTime(test_size=0.01, validation_size=0.02), [20, 20]),
    ],
)
def test_a_split_is_made(evaluation, lengths):
    settings = vars(evaluation)
    for n_refused in range(4):
        try:
            split = type(evaluation)(**settings).split(positives(lengths))
        except ParameterError as error:
            key, value = advised(error)
            if key is None:  # it says that nothing can be held out
                assert value == "none"
                assert max(lengths) < 3
                assert len(NoSplit().split(positives(lengths)).train) == sum(lengths)
                return
            settings = settings | {key: type(settings[key])(value)}
        else:
            assert n_refused > 0
            assert len(split.test)
            assert len(split.validation)
            return
    pytest.fail("no split was made")


def test_likes_of_one_moment_are_split_at_random():
    with pytest.raises(ParameterError, match=r"Set evaluation=random\.$"):
        GlobalTime().split(positives([9, 9], one_moment=True))
    assert len(UserShare(order="random").split(positives([9, 9], one_moment=True)).test)


@tries("recsys/evaluation/splits/evaluation.py", "Set preprocessing.likes=all, or evaluation=none")
def test_where_nothing_is_above_the_mean_all_ratings_count():
    candidates, evaluation = positives([9, 9], rating=4), UserShare()
    split = evaluation.split(candidates)
    with pytest.raises(
        ParameterError, match=r"preprocessing\.likes must be .* Set preprocessing\.likes=all,"
    ):
        evaluation.choose_likes(split.test, split.train_and_validation, Preprocessing(likes="user_mean"))
    split = evaluation.split(positives([9, 9]))
    assert len(evaluation.choose_likes(split.test, split.train, Preprocessing(likes="all")))


@tries("recsys/evaluation/splits/evaluation.py", "Set evaluation=next_basket, or")
def test_where_users_only_buy_the_same_again_that_is_what_can_be_predicted():
    data = Interactions(
        user_id=np.repeat([1, 2], 6),
        item_id=np.tile([7, 8], 6),
        order_id=np.repeat(np.arange(6), 2),
        timestamp=np.repeat(np.arange(6), 2),
        items=None,
        name="shop",
    )
    rules, evaluation = Preprocessing(likes="all"), LeaveOut()
    split = evaluation.split(rules.candidates(data))
    with pytest.raises(
        ParameterError,
        match=r"evaluation must be next_basket .* Set evaluation=next_basket, or evaluation=none\.$",
    ):
        evaluation.choose_likes(split.test, split.train_and_validation, rules)
    split = NextBasket().split(rules.candidates(data))
    assert len(NextBasket().choose_likes(split.test, split.train_and_validation, rules)) == 2


@tries("recsys/evaluation/preparation.py", "Hold out fewer (evaluation=none)")
def test_transactions_of_one_item_are_longer_without_hold_out(caplog):
    rules, likes = Preprocessing(likes="all"), positives([2, 2])
    held_out, _ = LeaveOut(order="random").hold_out(likes, "test")

    def warnings(data):
        caplog.clear()
        lists = [data.item_id[data.user_id == user].tolist() for user in np.unique(data.user_id)]
        with caplog.at_level(logging.WARNING):
            warn_of_single_items(Transactions.from_lists(lists), n_ratings=4)
        return caplog.messages

    (message,) = warnings(rules.filter_train(held_out))
    assert "Hold out fewer (evaluation=none), or" in message
    assert not warnings(rules.filter_train(NoSplit().split(likes).train))


@tries("recsys/evaluation/splits/evaluation.py", "Set evaluation=rolling")
@tries("recsys/evaluation/splits/global_time.py", "Set evaluation=temporal.", "Set evaluation.periods=")
def test_other_parts_are_validated():
    with pytest.raises(ParameterError) as caught:
        UserShare(replicates=2)
    assert advised(caught.value) == (None, "rolling")
    settings = {"periods": 9, "test_size": 0.3, "validation_size": 0.5}
    while True:
        try:
            parts = [fold.split(positives([12])) for fold in Rolling(**settings).folds("validation")]
        except ParameterError as error:
            key, value = advised(error)
            assert key == "periods"
            settings[key] = int(value)
        else:
            break
    assert 2 <= len(parts) < 9
    assert all(len(part.validation) for part in parts)
    with pytest.raises(ParameterError) as caught:
        Rolling(periods=2, test_from=5, validation_from=4).split(positives([6]))
    assert advised(caught.value) == (None, "temporal")
    assert len(UserShare().split(positives([12])).validation) == 1
