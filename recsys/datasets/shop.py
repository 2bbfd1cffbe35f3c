"""Shop: synthetic orders of a shop's customers, with named products, days, quantities and prices."""

from collections.abc import Iterator
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
N_TASTES = 12  # kinds of customers
SPREAD = 0.06  # of a taste over the aisles: the smaller, the fewer aisles have most of its purchases
N_STAPLES = 14  # mean number of products that a customer buys again and again
P_NEW_STAPLE = 0.5  # after an order: another product takes the place of a staple
N_HABITS = 3  # groups of TOGETHER that a customer likes best
P_TOGETHER = 0.45  # of an order that has such a group
P_FROM_HABITS = 0.7  # of such a group that is one of the customer's
P_OF_GROUP = 0.85  # of each product of a group
N_OTHERS = 2  # mean number of products bought once, by popularity and taste
P_SAME_AISLE = 0.3  # of another product from the aisle of such a product


class _Products(NamedTuple):
    catalog: ItemCatalog
    aisle: IntArray  # of each product
    tastes: FloatArray  # probability of each product for each taste, shape (N_TASTES, n_products)
    price: FloatArray
    margin: FloatArray
    together: tuple[IntArray, ...]  # groups, as positions of products


class _Customer(NamedTuple):
    taste: FloatArray  # cumulative probability of each product
    staples: IntArray
    p_staple: FloatArray  # probability of each staple in an order
    habits: IntArray  # positions in `_Products.together`


@dataclass(frozen=True)
class Shop(Dataset):
    """Orders of the customers of a grocer over a year, all invented.

    Each customer has a taste, which prefers some aisles and is shared by others; staples, bought again and
    again with a probability of their own, and replaced from time to time; and some meals whose ingredients
    are bought together. Products are chosen by taste and by popularity (Zipf's law within an aisle),
    sometimes two of an aisle. Prices and margins are those of the product. The 300 products have two levels
    of categories, department and aisle.

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
        orders = [order for n in n_orders.tolist() for order in _orders(n, products, random)]
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
    popularity = random.lognormal(0, 0.6, len(aisle_names))[aisle] * rank**-POPULARITY
    tastes = popularity * random.gamma(SPREAD, size=(N_TASTES, len(aisle_names)))[:, aisle]
    tastes /= tastes.sum(axis=1, keepdims=True)
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
    # Everybody buys some of what is popular.
    tastes = 0.8 * tastes + 0.2 * popularity / popularity.sum()
    return _Products(catalog, aisle, tastes, price, (price * share).round(2), together)


def _orders(n: int, products: _Products, random: np.random.Generator) -> Iterator[IntArray]:
    """Yield the products of the orders of a customer, each at least one and each once."""
    tastes = random.choice(N_TASTES, 2, replace=False)
    taste = products.tastes[tastes].mean(axis=0)
    n_staples = 2 + random.poisson(N_STAPLES - 2)
    customer = _Customer(
        np.cumsum(taste)[:-1],
        random.choice(len(taste), n_staples, replace=False, p=taste),
        random.beta(1, 4.5, n_staples),
        random.choice(len(products.together), N_HABITS, replace=False),
    )
    for _ in range(n):
        yield _order(products, customer, random)
        if random.random() < P_NEW_STAPLE:
            customer.staples[random.integers(n_staples)] = _any(customer, random)


def _order(products: _Products, customer: _Customer, random: np.random.Generator) -> IntArray:
    items = set(customer.staples[random.random(len(customer.staples)) < customer.p_staple].tolist())
    if random.random() < P_TOGETHER:
        groups = customer.habits if random.random() < P_FROM_HABITS else np.arange(len(products.together))
        group = products.together[random.choice(groups)]
        items.update(group[random.random(len(group)) < P_OF_GROUP].tolist())
    for _ in range(max(random.poisson(N_OTHERS), int(not items))):
        item = _any(customer, random)
        items.add(item)
        if random.random() < P_SAME_AISLE:
            items.add(int(random.choice(np.flatnonzero(products.aisle == products.aisle[item]))))
    return np.array(sorted(items), dtype=np.int64)


def _any(customer: _Customer, random: np.random.Generator) -> int:
    """Return a product by the taste of a customer."""
    return int(np.searchsorted(customer.taste, random.random(), side="right"))


def _days(n: int, random: np.random.Generator) -> IntArray:
    """Return the days of a customer's orders, ascending; different while there are enough."""
    return np.sort(random.choice(N_DAYS, n, replace=n > N_DAYS))
