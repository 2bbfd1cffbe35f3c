"""Orders of which a part is hidden."""

import re
from dataclasses import replace

import numpy as np
import pytest

from recsys import pipeline
from recsys.data import Interactions
from recsys.errors import ParameterError
from recsys.evaluation import CompleteBasket
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import ItemKNNRecommender, RuleRecommender
from recsys.rules import Apriori
from tests.evaluation.shop import InMemory, make
from tests.integration.cures import tries

ALL = Preprocessing(likes="all")
BY_ORDER = Preprocessing(likes="all", transaction="order")
ITEMS = [f"i{n}" for n in range(11)]
# Of 20 orders every fifth has one item, the others up to 11.
SIZES = [1 if n % 5 == 4 else 2 + n % 10 for n in range(20)]
ORDERS = {"ann": [], "bob": []}
for number, size in enumerate(SIZES):
    ORDERS["ann" if number % 3 else "bob"].append(" ".join(ITEMS[:size]))


def baskets_of(orders=ORDERS, **columns):
    """Make orders without customers, each its own user."""
    rows = [(number, item) for number, size in enumerate(SIZES) for item in ITEMS[:size]]
    user, item = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(user, item, order_id=user, **columns)


def with_customers(times=None):
    shop = make(ORDERS)
    return shop if times is None else replace(shop, timestamp=times(shop))


def items(positives):
    """Return the items by (basket, order) as sets."""
    keys = positives.user_id if positives.order is None else positives.order
    return {key: set(positives.item_id[keys == key].tolist()) for key in np.unique(keys).tolist()}


@pytest.mark.parametrize("customers", [False, True])
@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (0.2, lambda n: max(n // 5, 1)),
        (0.5, lambda n: max(n // 2, 1)),
        (1, lambda n: 1),
        (9, lambda n: min(9, n - 1)),
    ],
)
def test_a_part_of_each_held_out_order_is_hidden(customers, hidden, expected):
    candidates = ALL.candidates(with_customers() if customers else baskets_of())
    whole = items(candidates)
    split = CompleteBasket(hidden=hidden, test_size=0.4, validation_size=0.5).split(candidates)
    for train, holdout in [(split.train, split.validation), (split.train_and_validation, split.test)]:
        visible, held_out, rest = items(holdout.visible), items(holdout.held_out), items(train)
        assert visible.keys() == held_out.keys()
        for key in held_out:
            assert visible[key] | held_out[key] == whole[key]
            assert not visible[key] & held_out[key]
            assert len(held_out[key]) == expected(len(whole[key]))
            assert len(visible[key]) >= 1
        assert all(rest[key] == whole[key] for key in rest), "the other orders are whole"
        assert not rest.keys() & held_out.keys()
    assert len(items(split.train_and_validation)) == 12, "8 of 20 orders are held out"
    assert len(items(split.train)) == 6


def test_an_order_is_a_user_of_its_own_who_is_no_customer():
    for ids in (None, np.array([3, 4])):
        shop = make(ORDERS)
        if ids is not None:
            shop = replace(shop, user_id=ids[(shop.user_id == "bob").astype(int)])
        test = CompleteBasket(test_size=0.5).split(ALL.candidates(shop)).test
        assert len(test.users) == len(np.unique(test.held_out.order))
        assert not set(test.users.tolist()) & set(shop.user_id.tolist())
        assert np.array_equal(np.unique(test.visible.user_id), test.users)
        if ids is not None:
            assert test.users.max() < ids.min(), "users that feedback adds have the ids above"


@pytest.mark.parametrize("customers", [False, True])
def test_the_latest_orders_are_held_out_where_there_are_times(customers):
    data = with_customers() if customers else baskets_of()
    order = data.order_id * (1 if not customers else 2) + (data.user_id == "bob")
    timed = ALL.candidates(replace(data, timestamp=1000 - order))
    split = CompleteBasket(test_size=0.3).split(timed)
    assert max(split.train.timestamp) < min(split.validation.held_out.timestamp)
    assert max(split.train_and_validation.timestamp) < min(split.test.held_out.timestamp)
    at_random = CompleteBasket(test_size=0.3, order="random").split(timed)
    assert max(at_random.train_and_validation.timestamp) > min(at_random.test.held_out.timestamp)


def test_what_is_hidden_follows_from_the_seed_and_not_from_the_ids():
    candidates = ALL.candidates(baskets_of())
    whole = CompleteBasket(test_size=0.6, validation_size=0.6, hidden=1)
    hidden = [items(replace(whole, seed=seed).split(candidates).test.held_out) for seed in (1, 1, 2, 3, 4)]
    assert hidden[0] == hidden[1]
    assert hidden[0] != hidden[2]
    of_last = {min(part[17]) for part in hidden if 17 in part}
    assert len(of_last) > 1, "any item of an order may be hidden"
    one, two = (fold.split(candidates) for fold in CompleteBasket(replicates=2).folds("validation"))
    assert items(one.test.held_out) == items(two.test.held_out)
    assert items(one.validation.held_out) != items(two.validation.held_out)


def test_orders_of_one_moment_are_drawn_and_disliked_items_are_not_hidden():
    rating = np.where(baskets_of().item_id == "i1", 1.0, 5.0)
    rated = baskets_of(rating=rating, timestamp=np.zeros(len(rating), dtype=int))
    evaluation = CompleteBasket(test_size=0.5, hidden=9)
    drawn = [
        set(pipeline_held_out(rated, replace(evaluation, seed=seed)).users.tolist()) for seed in range(3)
    ]
    assert drawn[0] != drawn[1]
    holdout = pipeline_held_out(rated, evaluation)
    assert "i1" not in holdout.held_out.item_id.tolist()
    counts = np.unique(holdout.held_out.user_id, return_counts=True)[1]
    liked = np.array([SIZES[user] - 1 for user in holdout.users.tolist()])
    assert counts.tolist() == np.minimum(liked - 1, 9).tolist()


def pipeline_held_out(data, evaluation):
    return pipeline.held_out(Experiment(InMemory(data), Preprocessing(), None, None, None, None, evaluation))


@pytest.mark.parametrize("preprocessing", [ALL, BY_ORDER])
def test_a_run(preprocessing):
    parts = preprocessing, Apriori(min_support=0.05), BitsetEngine(), ItemsetCache(enabled=False)
    for recommender in (RuleRecommender(weight="confidence"), ItemKNNRecommender()):
        for data in (with_customers(), baskets_of()):
            evaluation = CompleteBasket(cutoffs=[3], test_size=0.5, validation_size=0.5)
            experiment = Experiment(InMemory(data), *parts, recommender, evaluation)
            result = pipeline.run(experiment)
            # All orders hold i0, i1, ... up to an item: what is hidden before the last visible one is found.
            assert result.metrics["recall@3"] > 0.2
            prepared = pipeline.prepare(experiment, "validation")
            assert not prepared.seen.without(prepared.histories).lengths.any(), "the basket alone is seen"
            assert prepared.targets.before is None


@tries(
    "recsys/evaluation/splits/complete_basket.py",
    "Set evaluation.order=random",
    "large enough to hold out one of",
    "another one where all orders of",
    "Set {key}={one_of(n)}, or evaluation=none.",
)
def test_what_cannot_be_split():
    candidates = ALL.candidates(baskets_of())
    with pytest.raises(
        ParameterError, match=r"evaluation\.order must be random .* evaluation\.order=random\.$"
    ):
        CompleteBasket(order="time").split(candidates)
    assert len(CompleteBasket(order="random").split(candidates).test)
    for key in ("test_size", "validation_size"):
        sizes = {"test_size": 0.5, "validation_size": 0.5, key: 0.001}
        rule = (
            rf"evaluation\.{key} must be large enough to hold out one of .* Set evaluation\.{key}=([\d.]+), "
        )
        with pytest.raises(ParameterError, match=rule) as caught:
            CompleteBasket(**sizes).split(candidates)
        sizes[key] = float(re.search(rule, str(caught.value))[1])
        assert items(CompleteBasket(**sizes).split(candidates).train_and_validation)
    single = ALL.candidates(Interactions([1, 2, 3, 4], [1, 2, 3, 4]))
    with pytest.raises(ParameterError, match=r"have a single item\. .* Set evaluation=none\.$"):
        CompleteBasket(test_size=0.5).split(single)
    with pytest.raises(ParameterError, match=r"one of 1 orders\. .* Set evaluation=none\.$"):
        CompleteBasket().split(single.select(np.array([0])))


@pytest.mark.parametrize("settings", [{"hidden": 0}, {"hidden": 1.5}, {"hidden": True}, {"order": "first"}])
def test_bad_settings(settings):
    with pytest.raises(ParameterError, match=next(iter(settings))):
        CompleteBasket(**settings)
