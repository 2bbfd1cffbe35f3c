"""Bundles: what a request may ask of its lists, histories of orders, and policies."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from recsys.data import Histories, ItemCatalog
from recsys.errors import DataFormatError, ParameterError
from recsys.models.bundle import Bundle, Item
from recsys.models.self_check import self_check
from recsys.policies import Policies
from recsys.recommenders import PopularityRecommender, Reason
from recsys.recommenders.personal_frequency import PersonalFrequencyRecommender
from recsys.recommenders.popularity import PopularityModel
from tests.models.problems import bundle_of, long
from tests.recommenders.problems import ALL

everybody = pytest.mark.parametrize("name", ALL)


def ids(row):
    return [one.item_id for one in row]


def of_items(bundle):
    """Return pairs of an item and its categories."""
    return zip(bundle.item_ids, bundle.catalog.categories, strict=True)


@everybody
def test_limits_are_applied_before_the_list_is_cut(name):
    bundle = bundle_of(name)
    likes = [[0, 10], []]
    every = list(map(ids, bundle.recommend(likes, k=99)))
    for k in (1, 3, 12):
        some = bundle.recommend(likes, k, exclude_items=[every[0][0], 20, 999])
        expected = [[item for item in row if item not in (every[0][0], 20)][:k] for row in every]
        assert list(map(ids, some)) == expected
        some = bundle.recommend(likes, k, only_items=[110, 60, 20, 999])
        assert list(map(ids, some)) == [[item for item in row if item in (110, 60, 20)][:k] for row in every]
        some = bundle.recommend(likes, k, categories=["war"])
        war = [item for item, names in of_items(bundle) if "War" in names]
        assert list(map(ids, some)) == [[item for item in row if item in war][:k] for row in every]
    both = bundle.recommend(likes, 99, categories=["Drama"], only_items=[10, 20], exclude_items=[20])
    assert list(map(ids, both)) == [[], [10]]


def test_at_most_some_of_a_category():
    bundle = bundle_of("ease")
    (row,) = bundle.recommend([[0]], k=99, max_per_category=2)
    named = dict(of_items(bundle))
    assert [name for item in ids(row) for name in named[item]].count("Drama") == 2
    free = [item for item, names in named.items() if not names and item != 0]
    assert set(free) < set(ids(row))
    assert bundle.recommend([[0]], k=99, max_per_category=99) == bundle.recommend([[0]], k=99)


def test_of_a_hierarchy_the_finest_level_is_limited_and_any_level_can_be_chosen():
    bundle = bundle_of("popularity")
    paths = (("Food", "Tea"), ("Food", "Other"), ("Home", "Other"), ("Food", "Tea"))
    catalog = ItemCatalog(np.array([0, 10, 20, 30]), ("",) * 4, paths, ("department", "aisle"))
    bundle = replace(bundle, catalog=catalog)
    assert set(ids(bundle.recommend([[]], categories=["food"])[0])) == {0, 10, 30}
    assert set(ids(bundle.recommend([[]], categories=["Other"])[0])) == {10, 20}
    (row,) = bundle.recommend([[]], max_per_category=1, only_items=[0, 10, 20, 30])
    assert len(row) == 3
    assert {10, 20} < set(ids(row))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"categories": ["Dramma"]}, "categories must be categories of the items of the model. Got 'Dramma'. "
         "Similar: 'Drama'."),
        ({"max_per_category": 0}, "max_per_category must be an integer of at least 1. Got 0."),
    ],
)  # fmt: skip
def test_what_cannot_be(options, message):
    with pytest.raises(ParameterError) as error:
        bundle_of("rules").recommend([[0]], **options)
    assert str(error.value) == message


def of_orders(model=None):
    """Customers who buy tea (0) in every order, and something else beside it."""
    train = Histories(
        offsets=np.array([0, 5, 8]),
        item_indices=np.array([0, 1, 0, 2, 0, 0, 3, 0], dtype=np.int32),
        items=np.arange(5) * 10,
        users=np.array(["ann", "bob"]),
        steps=np.array([0, 0, 1, 1, 2, 0, 0, 1]),
        repeats=True,
    )
    catalog = ItemCatalog(train.items, ("Tea", "Cake", "Milk", "Salt", "Rice"), ((),) * 5)
    return Bundle((model or PopularityModel)(train), catalog, train)


class Keeping(PopularityModel):
    """A model that keeps the histories that reach it."""

    def scores(self, histories):
        object.__setattr__(self, "got", histories)
        return super().scores(histories)


@pytest.mark.parametrize(
    ("given", "orders"),
    [
        ([[0, 10], [0, 20]], [[0, 1], [0, 2]]),
        ([[0, 0, 10], [], [999, 0]], [[0, 1], [0]]),
        ([0, 10, 0], [[1, 0]]),  # a basket
        ([0, [0, 10]], [[0], [0, 1]]),
        ([], []),
    ],
)
def test_orders_reach_the_model_with_their_repeats(given, orders):
    bundle = of_orders(Keeping)
    bundle.recommend([given])
    got = bundle.model.got
    assert got.repeats
    assert [step.tolist() for step in got.steps_of(0)] == orders


def test_of_a_known_customer_the_model_gets_what_it_was_fitted_on():
    bundle = of_orders(Keeping)
    bundle.recommend([bundle.steps_of("ann"), bundle.steps_of("bob")])
    for user, name in enumerate(("ann", "bob")):
        steps = [step.tolist() for step in bundle.model.got.steps_of(user)]
        assert steps == [step.tolist() for step in bundle.histories.steps_of(user)]
        assert bundle.sample_likes(2)[user] == bundle.steps_of(name)


def test_customers_buy_again_and_viewers_do_not():
    shop, films = of_orders(), bundle_of("popularity")
    assert (shop.has_orders, films.has_orders) == (True, False)
    assert (shop.leaves_out([[0]]), films.leaves_out([[0]])) == (False, True)
    assert ids(shop.recommend([[[0], [0, 10]]], 3)[0])[0] == 0
    assert not {0, 10} & set(ids(shop.recommend([[[0], [0, 10]]], 9, exclude_seen=True)[0]))
    for flag, expected in ((None, {0, 10, 30, 40}), (True, {10, 30, 40}), (False, {0, 10, 20, 30, 40})):
        assert set(ids(shop.recommend([[[0]]], 9, exclude_seen=flag, seen=[[20]])[0])) == expected
    self_check(shop, "1")
    self_check(films, "1")


def test_what_is_in_a_basket_is_not_added_to_it():
    shop = of_orders()
    baskets, orders = [[0, 10], []], [[[0, 10]], [[0], [20]]]
    for given in (baskets + orders, orders[:1] + baskets):
        for row, found in zip(given, shop.recommend(given, 9, seen=[[30]] * len(given)), strict=True):
            assert set(ids(found)) == {0, 10, 20, 40} - (set(row) if row in baskets else set())
    assert set(ids(shop.recommend(baskets, 9, exclude_seen=False, seen=[[30], []])[0])) == {0, 10, 20, 30, 40}


def test_the_check_of_a_model_knows_what_was_refused_and_lists_that_are_short():
    shop = of_orders()
    seen = Histories(np.array([0, 2, 2]), np.array([1, 2], np.int32), shop.model.items, shop.histories.users)
    self_check(replace(shop, seen=seen), "1")
    frequency = PersonalFrequencyRecommender(fill="none").fit(shop.histories)
    self_check(replace(shop, model=frequency), "1")


POLICIES = Policies.parse(b"""
out_of_stock: [{category: War}]
never_with: [{if: [0], never: [10, 30]}]
always_with: [{if: [0, title 40], recommend: [90], reason: They belong together.}]
pinned: [0]
""")


@everybody
def test_policies_are_followed_by_all_lists(name):
    plain = bundle_of(name)
    bundle = plain.follow(POLICIES)
    war = {item for item, names in of_items(plain) if "War" in names}
    every = list(map(ids, plain.recommend([[0, 40], [60]], k=99)))
    for k in (1, 2, 12):
        first, second = bundle.recommend([[0, 40], [60]], k, n_reasons=2)
        rest = [item for item in every[0] if item not in {10, 30, 90} | war]
        assert ids(first) == [90, *rest][:k]
        assert ids(second) == [0, *(item for item in every[1] if item not in {0} | war)][:k]
        together = (Item(0, "0"), Item(40, "Title 40"))
        assert first[0].reasons == (Reason(together, None, None, None, 1.0, text="They belong together."),)
        assert second[0].reasons == (
            Reason((), None, None, None, 1.0, text="Pinned to the top of every list."),
        )
        assert [one.source == "policy" for one in first] == [True, *[False] * (len(first) - 1)]
        assert bundle.recommend([[0, 40]], k, n_reasons=2)[0] == first
        assert all(one.reasons == () for one in bundle.recommend([[0, 40]], k)[0])
    json.dumps([asdict(one) for one in first], allow_nan=False)
    assert ids(bundle.recommend([[0, 40]], exclude_items=[90])[0])[0] != 90
    assert ids(bundle.recommend([[60]], exclude_seen=False)[0])[:2] != [0, 0]


def test_a_pinned_item_goes_with_what_the_history_holds_of_several():
    bundle = bundle_of("rules").follow(Policies.parse(b"always_with: [{if: [10, 40, 70], recommend: [0]}]"))
    (row,) = bundle.recommend([[70, 20, 10]], n_reasons=1)
    (reason,) = row[0].reasons
    assert (row[0].item_id, reason.text) == (0, "Goes with Title 70 and Title 10.")
    assert [item.item_id for item in reason.antecedents] == [70, 10]


def test_policies_apply_to_what_the_model_does_not_know():
    bundle = bundle_of("rules")
    catalog = bundle.catalog
    more = ItemCatalog(np.append(catalog.item_id, 999), (*catalog.title, "New"), (*catalog.categories, ()))
    policies = Policies.parse(b"never_with: [{if: [New], never: [0]}]")
    bundle = replace(bundle, catalog=more).follow(policies)
    assert 0 in ids(bundle.recommend([[]], 99)[0])
    assert 0 not in ids(bundle.recommend([[999]], 99)[0])
    assert 0 not in ids(bundle.recommend([[[999], 10]], 99)[0])


def test_policies_of_other_items_are_refused():
    with pytest.raises(DataFormatError, match=r"no item has the id or title 'Title 41'\. Similar: 'Title"):
        bundle_of("rules").follow(Policies.parse(b"pinned: [Title 41]"))


def test_a_limit_of_a_category_counts_pinned_items():
    bundle = bundle_of("popularity").follow(Policies.parse(b"pinned: [10, 20]"))
    assert ids(bundle.recommend([[]])[0])[:2] == [10, 20]
    (row,) = bundle.recommend([[]], 99, max_per_category=1)  # both are dramas
    assert ids(row)[0] == 10
    assert 20 not in ids(row)


def test_a_model_without_orders_keeps_the_last_occurrence():
    bundle = Bundle(Keeping(long()), bundle_of("popularity").catalog, long())
    bundle.recommend([[[0, 10], [20], [0]]])
    assert [step.tolist() for step in bundle.model.got.steps_of(0)] == [[1], [2], [0]]
    assert isinstance(PopularityRecommender().fit(long()), PopularityModel)
