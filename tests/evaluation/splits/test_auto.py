import logging

import numpy as np
import pytest

from recsys.data import Interactions
from recsys.evaluation import AutoEvaluation, preparation
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
    return evaluation, caplog.messages[-1].partition(" is ")[2].split(".")[0]


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
    assert "is random. Rules are mined from what it does not hold out" in (
        chosen(caplog, 22, rating=rating[::-1] * 0 + 5)[0] and caplog.text
    )


@pytest.mark.parametrize(
    ("n_orders", "name"), [([3] * 2 + [1] * 18, "next_basket"), ([3] * 2 + [1] * 19, "complete_basket")]
)
def test_orders_of_customers(caplog, n_orders, name):
    user = np.repeat(np.arange(len(n_orders)), n_orders)
    order = np.arange(len(user))
    interactions = Interactions(*np.repeat([user, order % 5], 2, axis=1), order_id=np.repeat(order, 2))
    interactions.item_id[1::2] += 10
    with caplog.at_level(logging.INFO):
        evaluation = AutoEvaluation().for_data(interactions, lambda: Preprocessing().candidates(interactions))
    assert evaluation.repeats == (name == "next_basket")
    assert f"that fits the data is {name}" in caplog.text


@pytest.mark.parametrize(("n_items", "name"), [(2, "complete_basket"), (1, "none")])
def test_orders_without_customers(caplog, n_items, name):
    order, item = np.divmod(np.arange(40 * n_items), n_items)
    interactions = Interactions(order, item, order_id=order)
    with caplog.at_level(logging.INFO):
        AutoEvaluation().for_data(interactions, lambda: Preprocessing().candidates(interactions))
    assert f"that fits the data is {name}" in caplog.text


def test_without_the_data_nothing_is_held_out():
    assert not AutoEvaluation().for_engine().holds_out
    with pytest.raises(NotImplementedError):
        AutoEvaluation().split(Preprocessing().filter(Interactions([1], [1])))


def test_users_that_feedback_has_added_are_no_customers():
    """The versions of a model, with and without feedback, are measured by the same evaluation."""
    user = np.repeat(np.arange(30), [3] * 3 + [1] * 27)
    interactions = Interactions(user, np.arange(len(user)) % 5, order_id=np.arange(len(user)))
    added = Interactions(
        np.append(user, [90, 91]),
        np.append(interactions.item_id, [0, 0]),
        order_id=np.append(interactions.order_id, [90, 91]),
        page_users=np.array([90, 91]),
    )
    for one in (interactions, added):
        assert preparation.choose_evaluation(one, Preprocessing(), AutoEvaluation()).repeats


def test_trials_choose_once(caplog):
    interactions = Interactions(np.repeat(np.arange(3), 9), np.tile(np.arange(9), 3))
    with caplog.at_level(logging.INFO):
        for part in ("validation", "validation", "test"):
            evaluation = preparation.choose_evaluation(interactions, Preprocessing(), AutoEvaluation())
            preparation.prepare(interactions, Preprocessing(), evaluation, part)
    assert [line for line in caplog.messages if "evaluation that fits" in line] == [
        "The evaluation that fits the data is random. Rules are mined from what it does not hold out"
    ]
