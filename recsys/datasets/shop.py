"""Shop: synthetic orders of a shop's customers, with named products, days, quantities and prices."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.data.items import ItemCatalog
from recsys.data.nouns import Nouns
from recsys.datasets.dataset import Dataset
from recsys.datasets.shop_catalog import DEPARTMENTS, TOGETHER
from recsys.errors import ParameterError
from recsys.parameters import require_integer, require_text

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

FIRST_DAY = 1_735_689_600  # 1 January 2025, in seconds since 1970
DAY = 86_400
N_DAYS = 365

POPULARITY = 0.8  # exponent of Zipf's law, of the products of an aisle
N_STAPLES = 9  # mean number of products that a customer buys again and again
N_HABITS = 3  # groups of TOGETHER that a customer likes best
P_TOGETHER = 0.45  # of an order that has such a group
P_FROM_HABITS = 0.7  # of such a group that is one of the customer's
P_OF_GROUP = 0.85  # of each product of a group
N_OTHERS = 1.5  # mean number of products bought for no other reason than their popularity
P_SAME_AISLE = 0.3  # of another product from the aisle of such a product


class _Products(NamedTuple):
    catalog: ItemCatalog
    aisle: IntArray  # of each product
    weight: FloatArray  # popularity, in total 1
    price: FloatArray
    margin: FloatArray
    together: tuple[IntArray, ...]  # groups, as positions of products


class _Customer(NamedTuple):
    staples: IntArray
    p_staple: FloatArray  # probability of each staple in an order
    habits: IntArray  # positions in `_Products.together`


@dataclass(frozen=True)
class Shop(Dataset):
    """Orders of the customers of a grocer over a year, all invented.

    Each customer has staples, bought again and again with a probability
    of their own, and some meals whose ingredients are bought together; other products are chosen by
    popularity (Zipf's law within an aisle), sometimes two of an aisle. Prices and margins are those of the
    product. The 300 products have two levels of categories, department and aisle.

    Parameters
    ----------
    n_customers : int
    n_orders : int
        At least one for each customer; customers differ in how many they have.
    seed : int
    name : str
        Name of the dataset.
    """

    n_customers: int = 800
    n_orders: int = 8_000
    seed: int = 42
    name: str = "synthetic-shop"

    def __post_init__(self) -> None:
        require_integer("n_customers", self.n_customers, minimum=1)
        require_integer("n_orders", self.n_orders, minimum=1)
        if self.n_orders < self.n_customers:
            rule = f"at least dataset.n_customers={self.n_customers}"
            raise ParameterError("n_orders", rule, self.n_orders, f"Set dataset.n_orders={self.n_customers}.")
        require_integer("seed", self.seed, minimum=0)
        require_text("name", self.name, "text", optional=False)

    def load(self) -> Interactions:
        """Draw the orders: customers, products and orders are numbered from 1, the orders by their day."""
        random = np.random.default_rng(self.seed)
        products = _products(random)
        activity = random.lognormal(0, 0.7, self.n_customers)
        n_orders = 1 + random.multinomial(self.n_orders - self.n_customers, activity / activity.sum())
        customers = [_customer(products, random) for _ in range(self.n_customers)]
        orders = [
            _order(products, customer, random)
            for customer, n in zip(customers, n_orders.tolist(), strict=True)
            for _ in range(n)
        ]
        day = np.concatenate([_days(n, random) for n in n_orders.tolist()])
        number = np.empty(self.n_orders, dtype=np.int64)
        number[np.argsort(day, kind="stable")] = np.arange(1, self.n_orders + 1)

        sizes = list(map(len, orders))
        item = np.concatenate(orders)
        return Interactions(
            user_id=np.repeat(np.repeat(np.arange(1, self.n_customers + 1), n_orders), sizes),
            item_id=products.catalog.item_id[item],
            timestamp=FIRST_DAY + DAY * np.repeat(day, sizes),
            items=products.catalog,
            name=self.name,
            order_id=np.repeat(number, sizes),
            quantity=(1 + random.poisson(0.3, len(item))).astype(np.float64),
            price=products.price[item],
            margin=products.margin[item],
        )


def _products(random: np.random.Generator) -> _Products:
    """Return the products of the catalog, with random prices and popularities."""
    rows = [
        (department, aisle, name)
        for department in DEPARTMENTS
        for aisle in department.aisles
        for name in aisle.products
    ]
    names = [name for _, _, name in rows]
    place = {name: position for position, name in enumerate(names)}
    aisle_names = list(dict.fromkeys(aisle.name for _, aisle, _ in rows))
    aisle = np.array([aisle_names.index(aisle.name) for _, aisle, _ in rows])
    rank = np.array([1 + aisle.products.index(name) for _, aisle, name in rows])
    weight = random.lognormal(0, 0.6, len(aisle_names))[aisle] * rank**-POPULARITY
    mean = np.array([aisle.price for _, aisle, _ in rows])
    price = np.maximum(np.round(mean * random.uniform(0.6, 1.5, len(rows)), 1) - 0.01, 0.29).round(2)
    share = np.array([department.margin for department, _, _ in rows])
    catalog = ItemCatalog(
        np.arange(1, len(rows) + 1),
        tuple(names),
        tuple((department.name, aisle.name) for department, aisle, _ in rows),
        levels=("department", "aisle"),
        nouns=Nouns("product", "products", "aisle", "aisles", "bought"),
    )
    together = tuple(np.array([place[name] for name in group]) for group in TOGETHER)
    return _Products(catalog, aisle, weight / weight.sum(), price, (price * share).round(2), together)


def _customer(products: _Products, random: np.random.Generator) -> _Customer:
    n = min(2 + random.poisson(N_STAPLES - 2), len(products.weight))
    staples = random.choice(len(products.weight), n, replace=False, p=products.weight)
    habits = random.choice(len(products.together), N_HABITS, replace=False)
    return _Customer(staples, random.beta(1.2, 2.6, n), habits)


def _order(products: _Products, customer: _Customer, random: np.random.Generator) -> IntArray:
    """Return the products of one order, at least one and each once."""
    items = set(customer.staples[random.random(len(customer.staples)) < customer.p_staple].tolist())
    if random.random() < P_TOGETHER:
        groups = customer.habits if random.random() < P_FROM_HABITS else np.arange(len(products.together))
        group = products.together[random.choice(groups)]
        items.update(group[random.random(len(group)) < P_OF_GROUP].tolist())
    n_others = max(int(random.poisson(N_OTHERS)), int(not items))
    for item in np.searchsorted(np.cumsum(products.weight)[:-1], random.random(n_others)).tolist():
        items.add(item)
        if random.random() < P_SAME_AISLE:
            items.add(int(random.choice(np.flatnonzero(products.aisle == products.aisle[item]))))
    return np.array(sorted(items), dtype=np.int64)


def _days(n: int, random: np.random.Generator) -> IntArray:
    """Return the days of a customer's orders, ascending; different while there are enough."""
    return np.sort(random.choice(N_DAYS, n, replace=n > N_DAYS))
