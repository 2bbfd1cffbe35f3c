import logging

import numpy as np
import pytest

from recsys.data import Interactions
from recsys.evaluation import AutoEvaluation
from recsys.preprocessing import Preprocessing


def chosen(caplog, n_likes, **columns):
    """Return the name of the evaluation for one user with so many likes."""
    interactions = Interactions(np.zeros(n_likes, np.int64), np.arange(n_likes), **columns)
    rules = Preprocessing().for_data(interactions)
    with caplog.at_level(logging.INFO):
        evaluation = AutoEvaluation(cutoffs=(3,), seed=7).for_data(
            interactions, lambda: rules.candidates(interactions)
        )
    assert (evaluation.cutoffs, evaluation.seed) == ((3,), 7)
    return evaluation, caplog.messages[-1].split()[1]


@pytest.mark.parametrize(
    ("n_likes", "timed", "untimed"),
    [
        (25, "temporal", "random"),
        (5, "leave_last_out", "leave_random_out"),
        (3, "leave_last_out", "leave_random_out"),
        (2, "none", "none"),
    ],
)
def test_the_first_for_which_the_data_suffice(caplog, n_likes, timed, untimed):
    evaluation, name = chosen(caplog, n_likes, timestamp=np.arange(n_likes))
    assert (name, evaluation.is_by_time) == (timed, timed != "none")
    evaluation, name = chosen(caplog, n_likes)
    assert (name, evaluation.is_by_time) == (untimed, False)
    assert evaluation.holds_out == (untimed != "none")


def test_likes_decide_not_ratings(caplog):
    rating = np.array([5.0] * 2 + [1.0] * 20)
    assert chosen(caplog, 22, rating=rating)[1] == "none"
    assert "evaluation=auto: random fits the data; rules are mined from the rest" in (
        chosen(caplog, 22, rating=rating[::-1] * 0 + 5)[0] and caplog.text
    )


def test_without_the_data_nothing_is_held_out():
    assert not AutoEvaluation().for_engine().holds_out
    with pytest.raises(NotImplementedError):
        AutoEvaluation().split(Preprocessing().filter(Interactions([1], [1])))
