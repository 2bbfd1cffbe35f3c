"""Small training parts, and the recommenders that every test of the contract runs on."""

from functools import lru_cache

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from recsys import generate_rules, mine
from recsys.data import Transactions
from recsys.data.histories import Histories
from recsys.recommenders import (
    ALSRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RuleRecommender,
    TIFUKNNRecommender,
    UPCFRecommender,
)

deterministic = settings(deadline=None, derandomize=True, max_examples=60)

RULES = {
    "rules": RuleRecommender(weight="jaccard"),
    "rules_sum": RuleRecommender(weight="confidence", alpha=0.5, aggregation="sum", half_life=None),
    "rules_max": RuleRecommender(weight="leverage", aggregation="max"),
    "rules_learned": RuleRecommender(weight="learned", regularization=2.0),
    "rules_mean_top_m": RuleRecommender(weight="damped_lift", aggregation="mean_top_m", top_m=2),
}
ITEM_BASED = {
    "item_knn": ItemKNNRecommender(n_neighbours=5, shrinkage=1.0),
    "ease": EASERecommender(regularization=2.0),
    "ease_scaled": EASERecommender(regularization=2.0, alpha=0.3, half_life=3.0),
    "als": ALSRecommender(factors=4, regularization=0.1, iterations=10, seed=7),
}
HYBRIDS = {
    "blend": HybridRecommender(model=ITEM_BASED["ease"], rules_share=0.4),
    "rules_first": HybridRecommender(model=ITEM_BASED["item_knn"], mode="rules_first"),
}
USER_BASED = {
    "tifuknn": TIFUKNNRecommender(n_groups=3, n_neighbours=8, own_share=0.5),
    "up_cf": UPCFRecommender(recency=4, locality=2.0, n_neighbours=20),
}
PERSONAL = RULES | ITEM_BASED | HYBRIDS | USER_BASED
ALL = {"popularity": PopularityRecommender()} | PERSONAL


def histories(lists, n_items, times=True):
    """Make histories of lists of item indices, the earliest like first."""
    flat = np.array([item for row in lists for item in row], dtype=np.int32)
    return Histories(
        offsets=np.cumsum([0, *map(len, lists)]).astype(np.int64),
        item_indices=flat,
        items=np.arange(n_items) * 10,
        users=np.arange(len(lists)),
        steps=np.arange(len(flat)) if times else None,
    )


def rules_of(train, min_support=0.01, max_len=3, metric="lift", min_threshold=0.0):
    """Mine rules, once for all recommenders that are tried on the same likes."""
    rows = tuple(tuple(sorted(train.of(user).tolist())) for user in range(len(train)))
    return _rules_of(rows, tuple(train.items.tolist()), min_support, max_len, metric, min_threshold)


@lru_cache(maxsize=256)
def _rules_of(rows, items, min_support, max_len, metric, min_threshold):
    transactions = Transactions(histories(rows, len(items)).matrix, np.array(items))
    return generate_rules(mine(transactions, min_support, max_len), metric, min_threshold)


def blocks(n_users=12, size=6):
    """Return two groups of users with tastes of their own, the second larger; each user misses some items."""
    lists = []
    for user in range(3 * n_users):
        first = 0 if user < n_users else size
        block = [first + (user + place) % size for place in range(size)]
        lists.append(block[: size - 2])
    return histories(lists, 2 * size)


@st.composite
def problems(draw):
    """Draw training lists, some lists to answer for, and a number of items; lists in any order of time."""
    n_items = draw(st.integers(1, 7))
    likes = st.lists(st.integers(0, n_items - 1), unique=True)
    train = draw(st.lists(likes, min_size=1, max_size=8).filter(any))
    return train, draw(st.lists(likes, min_size=1, max_size=4)), n_items
