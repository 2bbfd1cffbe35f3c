"""What may be seen and what is asked for, over a catalogue."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.errors import ParameterError
from recsys.evaluation import Holdout, Targets
from tests.evaluation.strategies import make_histories, make_positives

VISIBLE = make_positives({(1, 10): 5, (1, 20): 3, (1, 99): 4, (3, 99): 1})
HELD_OUT = make_positives({(1, 30): 7, (1, 98): 8, (2, 30): 6, (3, 98): 2})
CATALOGUE = np.array([10, 20, 30])


def test_users_are_those_of_whom_something_is_asked():
    holdout = Holdout(VISIBLE, HELD_OUT)
    assert holdout.users.tolist() == [1, 2, 3]
    assert len(holdout) == 3
    assert repr(holdout) == "Holdout(n_users=3, n_visible=4, n_held_out=4)"


def test_histories_hold_what_the_catalogue_knows_in_the_order_of_time():
    histories = Holdout(VISIBLE, HELD_OUT).histories(CATALOGUE)
    assert histories.users.tolist() == [1, 2, 3]
    assert [histories.of(user).tolist() for user in range(3)] == [[1, 0], [], []]


def test_seen_is_all_that_is_rated():
    rated = make_positives({(1, 10): 5, (1, 20): 3, (1, 30): 4, (3, 20): 1})
    seen = Holdout(VISIBLE, HELD_OUT, rated).seen(CATALOGUE)
    assert seen.users.tolist() == [1, 2, 3]
    assert [seen.of(user).tolist() for user in range(3)] == [[0, 1, 2], [], [1]]
    alone = Holdout(VISIBLE, HELD_OUT).seen(CATALOGUE)
    assert [alone.of(user).tolist() for user in range(3)] == [[0, 1], [], []]


def test_targets_count_what_the_catalogue_does_not_know():
    targets = Holdout(VISIBLE, HELD_OUT).targets(CATALOGUE)
    assert [targets.known.of(user).tolist() for user in range(3)] == [[2], [2], []]
    assert targets.n_relevant.tolist() == [2, 1, 1]
    assert targets.users.tolist() == [1, 2, 3]
    assert targets.known.keys.tolist() == [0 * 3 + 2, 1 * 3 + 2]


def test_users_whose_cut_falls_inside_a_tie():
    visible = make_positives({(1, 10): 5, (1, 20): 7, (2, 10): 3, (3, 10): 2, (4, 10): 7})
    held_out = make_positives({(1, 30): 7, (1, 40): 8, (2, 30): 4, (3, 20): 2, (5, 10): 7})
    users = np.arange(1, 6)
    assert Holdout(visible, held_out).n_cut_in_tie(users) == 2  # users 1 and 3
    assert Holdout(visible, held_out).n_cut_in_tie(users[1:]) == 1
    assert Holdout(held_out.select([]), held_out).n_cut_in_tie(users) == 0
    without = [make_positives({(1, item): 0}, times=False) for item in (10, 20)]
    assert Holdout(*without).n_cut_in_tie(users) == 0


def test_ratings_that_cannot_be_likes_make_no_tie():
    visible, held_out = make_positives({(1, 10): 5, (1, 20): 7}), make_positives({(1, 30): 7})
    disliked = replace(visible, is_candidate=np.array([True, False]))
    assert Holdout(visible, held_out).n_cut_in_tie(np.array([1])) == 1
    assert Holdout(disliked, held_out).n_cut_in_tie(np.array([1])) == 0


def test_an_empty_catalogue_knows_nothing():
    holdout = Holdout(VISIBLE, HELD_OUT)
    nothing = np.empty(0, dtype=np.int64)
    assert holdout.histories(nothing).lengths.tolist() == [0, 0, 0]
    assert holdout.targets(nothing).n_relevant.tolist() == [2, 1, 1]


def test_text_ids():
    like = make_positives({(1, 1): 1})
    text = type(like)(np.array(["ann"]), np.array(["tea"]), like.timestamp)
    holdout = Holdout(text, type(like)(np.array(["ann"]), np.array(["cake"])))
    assert holdout.targets(np.array(["cake", "tea"])).known.of(0).tolist() == [0]
    assert holdout.histories(np.array(["cake", "tea"])).of(0).tolist() == [1]


@pytest.mark.parametrize(
    ("n_relevant", "message"), [([1], "one for each of 2 users"), ([0, 5], "at least the number of known")]
)
def test_targets_that_do_not_agree(n_relevant, message):
    with pytest.raises(ParameterError, match=message):
        Targets(make_histories([[0], [1]], 2), np.array(n_relevant))
