"""Users that feedback has added are learnt from and never measured."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from recsys import pipeline
from recsys.data import Interactions
from recsys.datasets import Dataset
from recsys.evaluation import (
    CompleteBasket,
    GlobalTime,
    LeaveOut,
    NextBasket,
    NoSplit,
    UserHoldout,
    UserShare,
    preparation,
)
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import PopularityRecommender
from recsys.rules import Apriori

USERS, ITEMS = 12, 16
PAIRS = [(user, item) for user in range(USERS) for item in range(ITEMS) if (user + item) % 2]
CLEAN = Interactions(
    *np.array(PAIRS).T, np.full(len(PAIRS), 5.0), np.array([100 * item + user for user, item in PAIRS])
)
PAGE = [(USERS + person, item) for person in range(5) for item in (0, 15)]
POISONED = Interactions(
    np.concatenate([CLEAN.user_id, [user for user, _ in PAGE]]),
    np.concatenate([CLEAN.item_id, [item for _, item in PAGE]]),
    np.full(len(PAIRS) + len(PAGE), 5.0),
    np.concatenate([CLEAN.timestamp, [0 if item == 0 else 10_000 for _, item in PAGE]]),
    page_users=np.arange(USERS, USERS + 5),
)


@dataclass(frozen=True)
class Loaded(Dataset):
    """A dataset of ratings that are there."""

    ratings: Interactions

    def load(self):
        return self.ratings

    def fingerprint(self):
        return (id(self.ratings),)


def experiment(ratings, evaluation):
    parts = Preprocessing(), Apriori(min_support=0.1), BitsetEngine(), ItemsetCache(enabled=False)
    return Experiment(Loaded(ratings), *parts, PopularityRecommender(), evaluation)


@pytest.mark.parametrize(
    "evaluation",
    [UserShare(), UserShare(order="random"), LeaveOut(), UserHoldout(test_size=0.5), GlobalTime()],
    ids=lambda evaluation: type(evaluation).__name__,
)
@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_same_people_are_measured_on_the_same_likes(evaluation, part):
    clean = pipeline.prepare(experiment(CLEAN, evaluation), part)
    poisoned = pipeline.prepare(experiment(POISONED, evaluation), part)
    assert poisoned.targets.users.tolist() == clean.targets.users.tolist()
    assert poisoned.targets.n_relevant.tolist() == clean.targets.n_relevant.tolist()
    for user in range(len(clean.targets)):
        shown = [one.histories.items[one.histories.of(user)].tolist() for one in (clean, poisoned)]
        assert shown[0] == shown[1]
    learnt = set(poisoned.train.users.tolist()) - set(clean.train.users.tolist())
    assert learnt == set(range(USERS, USERS + 5))


@pytest.mark.parametrize(
    "evaluation", [UserShare(test_size=0.5, validation_size=0.5), LeaveOut(), NextBasket(), CompleteBasket()]
)
def test_orders_that_feedback_has_added_are_not_measured(evaluation):
    """Four moments are an order here; those of page users come from `merge_orders`."""
    every = Preprocessing(likes="all")
    clean, poisoned = (replace(one, order_id=one.timestamp // 400, rating=None) for one in (CLEAN, POISONED))
    parts = [preparation.prepare(one, every, evaluation, "test") for one in (clean, poisoned)]
    assert parts[0].targets.users.tolist() == parts[1].targets.users.tolist()
    assert set(parts[1].train.users.tolist()) - set(parts[0].train.users.tolist()) == {
        *range(USERS, USERS + 5)
    }
    assert parts[1].train.repeats


def test_nothing_later_than_the_moment_is_learnt_from():
    prepared = pipeline.prepare(experiment(POISONED, GlobalTime()), "test")
    assert prepared.train.users[-1] == USERS + 4
    assert prepared.train.items[prepared.train.of(prepared.train.n_users - 1)].tolist() == [0]
    assert prepared.train.steps.max() < 10_000


def test_all_of_it_is_learnt_from_where_nothing_is_measured():
    prepared = pipeline.prepare(experiment(POISONED, NoSplit()), "test")
    plain = pipeline.prepare(experiment(replace(POISONED, page_users=None), NoSplit()), "test")
    assert prepared.transactions.digest == plain.transactions.digest
    assert prepared.train.item_indices.tolist() == plain.train.item_indices.tolist()
