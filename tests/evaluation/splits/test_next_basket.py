"""The last order of each customer, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from recsys import pipeline
from recsys.data import Interactions
from recsys.errors import ParameterError
from recsys.evaluation import CompleteBasket, NextBasket, UserShare
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import PopularityRecommender
from recsys.rules import Apriori
from tests.evaluation.shop import InMemory, baskets, make
from tests.integration.cures import tries

ALL = Preprocessing(likes="all")
# Orders of customers, the earliest first. Ann and bob have enough of them, cal and dan do not.
ORDERS = {
    "ann": ["bread milk", "tea", "bread jam", "bread tea"],
    "bob": ["milk", "bread milk", "milk cake"],
    "cal": ["tea jam", "tea"],
    "dan": ["bread"],
}


def in_order(orders):
    return {user: [" ".join(sorted(basket.split())) for basket in own] for user, own in orders.items()}


@pytest.mark.parametrize("times", [None, np.array([0, 1, 2, 3, 4]), np.array([0, 10, 10, 20, 30])])
def test_the_last_order_is_the_test_and_the_one_before_the_validation(times):
    split = NextBasket().split(ALL.candidates(make(ORDERS, timestamps=times)))
    ordered = in_order(ORDERS)
    measured = ("ann", "bob")
    assert baskets(split.test.held_out) == {user: ordered[user][-1:] for user in measured}
    assert baskets(split.test.visible) == {user: ordered[user][:-1] for user in measured}
    assert baskets(split.validation.held_out) == {user: ordered[user][-2:-1] for user in measured}
    assert baskets(split.validation.visible) == {user: ordered[user][:-2] for user in measured}
    few = {user: ordered[user] for user in ("cal", "dan")}
    assert baskets(split.train_and_validation) == {user: ordered[user][:-1] for user in measured} | few
    assert baskets(split.train) == {user: ordered[user][:-2] for user in measured} | few


def test_what_was_bought_is_to_be_found_and_may_be_recommended():
    experiment = Experiment(InMemory(make(ORDERS)), ALL, None, None, None, None, NextBasket())
    for part, targets in {
        "test": ["bread tea", "cake milk"],
        "validation": ["bread jam", "bread milk"],
    }.items():
        prepared = pipeline.prepare(experiment, part)
        known = prepared.targets.known
        found = [" ".join(known.items[known.of(user)].tolist()) for user in range(2)]
        assert found == [" ".join(i for i in row.split() if i in prepared.train.items) for row in targets]
        assert prepared.targets.n_relevant.tolist() == [2, 2], "also of an item that nobody bought before"
        assert prepared.seen.lengths.tolist() == [0, 0]
        lists = PopularityRecommender().fit(prepared.train).recommend(prepared.histories, 9, prepared.seen)
        n_items = len(prepared.train.items)
        assert (lists.item_indices >= 0).sum(axis=1).tolist() == [n_items, n_items], "the whole catalog"
    assert NextBasket.repeats
    assert not UserShare.repeats


def test_the_test_part_of_a_stored_model_follows_the_same_rule():
    experiment = Experiment(InMemory(make(ORDERS)), ALL, None, None, None, None, NextBasket())
    part = pipeline.held_out(experiment)
    assert baskets(part.held_out) == {"ann": ["bread tea"], "bob": ["cake milk"]}
    assert part.seen(np.array(["bread", "milk", "tea"])).lengths.tolist() == [0, 0]


def test_a_run():
    parts = ALL, Apriori(min_support=0.2), BitsetEngine(), ItemsetCache(enabled=False)
    evaluation = NextBasket(cutoffs=(1, 2))
    experiment = Experiment(InMemory(make(ORDERS)), *parts, PopularityRecommender(), evaluation)
    metrics = pipeline.run(experiment).metrics
    # Bread and tea are each bought by two customers before the validation part, milk too, jam by one.
    assert metrics["n_evaluated_users"] == 2
    assert metrics["recall@2"] == pytest.approx((1 / 2 + 2 / 2) / 2)


def test_only_orders_with_a_like_count():
    ratings = {"ann": ["a5", "b5", "c5", "d1"], "bob": ["a5", "b5", "c1"], "cal": ["b5", "c5", "a5"]}
    shop = make(ratings)
    rated = Interactions(
        shop.user_id,
        np.array([item[0] for item in shop.item_id.tolist()]),
        np.array([float(item[1]) for item in shop.item_id.tolist()]),
        order_id=shop.order_id,
    )
    holdout = pipeline.held_out(
        Experiment(InMemory(rated), Preprocessing(), None, None, None, None, NextBasket())
    )
    assert baskets(holdout.held_out) == {"ann": ["c"], "cal": ["a"]}, "bob likes something in two orders only"


def test_orders_of_one_moment_are_drawn():
    orders = {f"u{n}": ["tea", "jam", "milk"] for n in range(60)}
    held_out = NextBasket().split(ALL.candidates(make(orders, np.zeros(4, dtype=int)))).test.held_out
    assert 8 < np.count_nonzero(held_out.item_id == "tea") < 32


@tries(
    "recsys/evaluation/splits/next_basket.py",
    "Set evaluation=complete_basket, or",
    "Set evaluation.min_orders=",
)
@pytest.mark.parametrize("customers", [False, True])
def test_data_without_enough_orders_are_refused(customers):
    lines = make({user: ["a b c d e f g h", "a b"] for user in ("ann", "bob", "cal", "dan")})
    data = lines if customers else replace(lines.select(lines.order_id == 1), order_id=None)
    candidates = ALL.candidates(data)
    with pytest.raises(
        ParameterError,
        match=r"^evaluation must be another .* Set evaluation=complete_basket, or evaluation=random\.$",
    ):
        NextBasket().split(candidates)
    for advised in (CompleteBasket(test_size=0.5, validation_size=0.5), UserShare(order="random")):
        assert len(advised.split(candidates).test)
    few = ALL.candidates(make(ORDERS))
    with pytest.raises(ParameterError, match=r"at most the orders .* Set evaluation\.min_orders=4"):
        NextBasket(min_orders=9).split(few)
    assert NextBasket(min_orders=4).split(few).validation.users.tolist() == ["ann"]
    with pytest.raises(ParameterError, match="min_orders"):
        NextBasket(min_orders=2)
