"""A small shop: orders of customers as text, and what is held out of them."""

from dataclasses import dataclass

import numpy as np

from recsys.data import Interactions
from recsys.datasets import Dataset


@dataclass(frozen=True, eq=False)
class InMemory(Dataset):
    interactions: Interactions

    def fingerprint(self):
        return (id(self.interactions),)

    def load(self):
        return self.interactions


def make(orders, timestamps=None):
    """Make interactions, whose order ids start at 1 for each customer."""
    lines = [
        (user, order, item)
        for user, baskets in orders.items()
        for order, basket in enumerate(baskets, start=1)
        for item in basket.split()
    ]
    user, order, item = (np.array(column) for column in zip(*lines, strict=True))
    times = None if timestamps is None else timestamps[order]
    return Interactions(user, item, order_id=order, timestamp=times, name="shop")


def baskets(positives):
    """Return the items of each order as text, in the order of time, by customer."""
    found = {}
    for user in np.unique(positives.user_id):
        own = positives.select(positives.user_id == user)
        orders = [own.item_id[own.order == order] for order in np.unique(own.order)]
        found[str(user)] = [" ".join(sorted(items.tolist())) for items in orders]
    return found
