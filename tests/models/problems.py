"""A bundle of each recommender, over a few likes."""

import numpy as np

from recsys.data import ItemCatalog
from recsys.data.histories import Histories
from recsys.models.bundle import Bundle
from tests.recommenders.problems import ALL, blocks, rules_of

LIKES = [[0, 10, 20], [60, 70, 999], [], [110]]


def long():
    """More users than items, by number, with times."""
    return blocks()


def wide():
    """More items than users, by text, without times."""
    lists = [[0, 1, 2, 3], [4, 0, 1, 5], [2, 3, 6]]
    flat = np.array([item for row in lists for item in row], dtype=np.int32)
    return Histories(np.array([0, 4, 8, 11]), flat, np.array(list("abcdefg")), np.array(["u", "v", "w"]))


def bundle_of(name, train=None):
    train = long() if train is None else train
    ids = train.items.tolist()
    titles = tuple(f"Title {item}" if row % 3 else "" for row, item in enumerate(ids))
    catalog = ItemCatalog(train.items, titles, tuple(("Drama", "War")[: row % 3] for row in range(len(ids))))
    return Bundle(ALL[name].fit(train, rules_of(train)), catalog, train, {"recommender": name})
