import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data import Histories
from recsys.errors import DataError, ParameterError
from recsys.recommenders import (
    FALLBACK,
    MODEL,
    PersonalFrequencyRecommender,
    PopularityRecommender,
    Reason,
)
from tests.integration.cures import overrides_in, tries
from tests.recommenders.baskets import orders, shops
from tests.recommenders.problems import deterministic, histories

# Item 1 is in four orders of all customers, 3 in three, 0 and 2 in one each.
SHOP = [[[0, 3], [1, 3]], [[1, 2]], [[1], [1], [3]]]


def recommended(recommender, customers, k, n_items=5):
    train = orders(customers, n_items)
    nothing = Histories.empty(train.users, train.items)
    return recommender.fit(train).recommend(train, k, nothing)


@deterministic
@given(shop=shops(), half_life=st.sampled_from([None, 2.0]), fill=st.sampled_from(["popularity", "none"]))
def test_lists_are_those_of_the_definition(shop, half_life, fill):
    customers, asked, n_items = shop
    model = PersonalFrequencyRecommender(fill, half_life).fit(orders(customers, n_items))
    asked_orders = orders(asked, n_items)
    lists = model.recommend(asked_orders, n_items, Histories.empty(asked_orders.users, model.items))
    in_orders = [sum(item in order for rows in customers for order in rows) for item in range(n_items)]
    for user, rows in enumerate(asked):
        ages = [len(rows) - 1 - number for number in range(len(rows))]
        weights = [1 if half_life is None else 2 ** (-age / half_life) for age in ages]
        score = {
            item: sum(weight for order, weight in zip(rows, weights, strict=True) if item in order)
            for item in range(n_items)
        }
        own = [item for item in range(n_items) if score[item] > 0]
        expected = sorted(own, key=lambda item: (-round(score[item], 9), -in_orders[item], item))
        if fill == "popularity":
            left = [item for item in range(n_items) if item not in own]
            expected += sorted(left, key=lambda item: (-in_orders[item], item))
        found = lists.item_indices[user].tolist()
        assert found == expected + [-1] * (n_items - len(expected))
        assert lists.scores[user, : len(own)] == pytest.approx([score[item] for item in expected[: len(own)]])
        assert lists.sources[user, : len(own)].tolist() == [MODEL] * len(own)
        rest = FALLBACK if fill == "popularity" else -1
        assert lists.sources[user, len(own) :].tolist() == [rest] * (n_items - len(own))


def test_of_equal_frequency_what_all_customers_buy_comes_first():
    lists = recommended(PersonalFrequencyRecommender(), SHOP, 4)
    assert lists.item_indices.tolist() == [[3, 1, 0, 2], [1, 2, 3, 0], [1, 3, 0, 2]]
    assert lists.scores[0].tolist() == [2, 1, 1, 1]


def test_without_filling_lists_end_with_the_own_items():
    lists = recommended(PersonalFrequencyRecommender(fill="none"), SHOP, 4)
    assert lists.item_indices.tolist() == [[3, 1, 0, -1], [1, 2, -1, -1], [1, 3, -1, -1]]
    assert lists.scores[1].tolist() == [1, 1, 0, 0]


def test_old_orders_fade():
    lists = recommended(PersonalFrequencyRecommender(half_life=0.4), SHOP, 1)
    assert lists.item_indices[2].tolist() == [3]


def test_the_reason_is_the_item_itself():
    model = PersonalFrequencyRecommender().fit(orders(SHOP, 5))
    reasons = model.explain(orders(SHOP[2:], 5), [1, 0])
    assert reasons == [[Reason((1,), 1, None, None, 1.0, 2)], [Reason((), 1, None, None, 1.0)]]


@pytest.mark.parametrize("fill", ["popularity", "none"])
def test_a_restored_model_is_equal(fill):
    model = PersonalFrequencyRecommender(fill, 3.0).fit(orders(SHOP, 5))
    restored = type(model).from_state(model.train, model.state())
    lists = [one.recommend(model.train, 4).item_indices for one in (model, restored)]
    assert np.array_equal(*lists)


@tries("recsys/recommenders/personal_frequency.py", "Set recommender=popularity")
def test_data_without_orders_are_refused():
    with pytest.raises(DataError, match="nobody buys an item twice") as refused:
        PersonalFrequencyRecommender().fit(histories([[0, 1]], 2))
    assert overrides_in(str(refused.value), after="twice") == [["recommender=popularity"]]
    assert PopularityRecommender().fit(histories([[0, 1]], 2))


@pytest.mark.parametrize(("parameter", "value"), [("fill", "all"), ("half_life", 0), ("half_life", "long")])
def test_bad_parameters(parameter, value):
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        PersonalFrequencyRecommender(**{parameter: value})
