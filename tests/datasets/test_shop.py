"""The synthetic shop: what a shop analyst would find in its orders."""

from collections import Counter

import numpy as np
import pytest

from recsys.data import Nouns
from recsys.datasets import Shop
from recsys.datasets.shop import DAY, FIRST_DAY
from recsys.datasets.shop_catalog import DEPARTMENTS, TOGETHER
from recsys.errors import ParameterError
from tests.integration.cures import composed, overrides_in, tries

NAMES = [name for department in DEPARTMENTS for aisle in department.aisles for name in aisle.products]


@pytest.fixture(scope="module")
def shop():
    return Shop(200, 2_000).load()


def test_the_catalog():
    assert len(set(NAMES)) == len(NAMES) == 300
    assert {name for group in TOGETHER for name in group} <= set(NAMES)


def test_the_sizes_are_as_given_and_the_seed_decides(shop):
    assert (shop.n_users, len(np.unique(shop.order_id))) == (200, 2_000)
    assert Shop(200, 2_000).load().digest == shop.digest
    assert Shop(200, 2_000, seed=1).load().digest != shop.digest
    assert len(Shop(3, 3).load()) >= 3


def test_products_have_names_two_levels_and_words(shop):
    assert shop.items.levels == ("department", "aisle")
    assert shop.items.nouns == Nouns("product", "products", "aisle", "aisles", "bought")
    assert shop.titles([1]) == ["bananas"]
    assert shop.items.categories_of([1]) == [("Produce", "Fruit")]


def test_orders_have_a_customer_and_a_day_and_ascend_by_it(shop):
    of_order = {}
    for order, user, time in zip(
        shop.order_id.tolist(), shop.user_id.tolist(), shop.timestamp.tolist(), strict=True
    ):
        assert of_order.setdefault(order, (user, time)) == (user, time)
    times = [time for _, (_, time) in sorted(of_order.items())]
    assert times == sorted(times)
    assert all((time - FIRST_DAY) % DAY == 0 and 0 <= time - FIRST_DAY < 365 * DAY for time in times)
    assert len({(user, time) for user, time in of_order.values()}) == 2_000


def test_a_product_has_one_price_and_a_profit_in_it(shop):
    assert (
        len({*zip(shop.item_id.tolist(), shop.price.tolist(), shop.margin.tolist(), strict=True)})
        == shop.n_items
    )
    assert (shop.margin > 0).all()
    assert (shop.margin < shop.price).all()
    assert set(shop.quantity.tolist()) >= {1.0, 2.0}


def test_customers_buy_again_and_products_go_together(shop):
    first, again = set(), 0
    for user, _, item in sorted(
        zip(shop.user_id.tolist(), shop.order_id.tolist(), shop.item_id.tolist(), strict=True)
    ):
        again += (user, item) in first
        first.add((user, item))
    assert 0.3 < again / len(shop) < 0.7
    sold = Counter(shop.item_id.tolist()).most_common()
    assert sum(n for _, n in sold[:60]) > 2 * sum(n for _, n in sold[-150:])
    orders = {}
    for order, item in zip(shop.order_id.tolist(), shop.titles(shop.item_id), strict=True):
        orders.setdefault(order, set()).add(item)
    with_pesto = [order for order in orders.values() if "pesto" in order]
    share = sum("penne" in order for order in with_pesto) / len(with_pesto)
    assert share > 5 * sum("penne" in order for order in orders.values()) / len(orders)


@tries("recsys/datasets/shop.py", "Set dataset.n_orders=")
def test_wrong_numbers_are_named():
    with pytest.raises(
        ParameterError, match=r"n_orders must be at least dataset.n_customers=5. Got 4"
    ) as found:
        Shop(5, 4)
    ((cure,),) = overrides_in(str(found.value))
    dataset = composed("dataset=synthetic_shop", "dataset.n_customers=5", "dataset.n_orders=4", cure).dataset
    assert len(Shop(dataset.n_customers, dataset.n_orders).load()) >= 5
    with pytest.raises(ParameterError, match="n_customers must be an integer of at least 1"):
        Shop(0)
    with pytest.raises(ParameterError, match="seed must be an integer of at least 0"):
        Shop(seed=-1)
