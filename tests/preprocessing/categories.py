"""A small shop with two levels of categories, and transactions at some levels."""

import numpy as np

from recsys.data import Interactions, ItemCatalog
from recsys.preprocessing import Preprocessing, encode

# Department and aisle of each item; a bag is in none.
AISLES = {
    "lemon": ("fresh", "fruit"),
    "orange": ("fresh", "fruit"),
    "carrot": ("fresh", "vegetables"),
    "bun": ("bakery", "bread"),
    "bag": (),
}
BASKETS = [
    ["lemon", "orange", "bun"],
    ["orange", "carrot"],
    ["bun", "bag"],
    ["lemon", "bun"],
]


def shop(baskets=BASKETS, categories=AISLES, levels=("department", "aisle"), titles=()):
    """Return baskets, numbered from 1, of items with categories."""
    items = list(categories)
    catalog = ItemCatalog(
        np.array(items), tuple(titles) or ("",) * len(items), tuple(categories.values()), levels
    )
    pairs = [(number, item) for number, basket in enumerate(baskets, start=1) for item in basket]
    user, item = map(np.array, zip(*pairs, strict=True))
    return Interactions(user, item, items=catalog, name="shop")


def at_levels(data, levels, level=None):
    """Return the transactions of baskets at some levels, and the hierarchy."""
    preprocessing = Preprocessing(likes="all", levels=levels, level=level)
    transactions = encode(preprocessing.filter(data))
    hierarchy = preprocessing.hierarchy(data, transactions.items)
    return hierarchy.extend(transactions), hierarchy


def as_sets(transactions):
    rows = np.split(transactions.matrix.indices, transactions.matrix.indptr[1:-1])
    return [set(transactions.items[row].tolist()) for row in rows]


def as_pairs(transactions):
    return {frozenset(pair) for pair in transactions.items[transactions.excluded_pairs].tolist()}
