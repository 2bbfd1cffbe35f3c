"""Rules between the orders of customers: who buys the antecedent buys the consequent in a later order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.recommenders.model import FloatArray

IntArray = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class OrderRules:
    """Rules from one item to one item, or to itself: a repeat rule.

    Parameters
    ----------
    antecedents, consequents : ndarray, shape (n_rules,), int
        Item indices; rules ascend by consequent, then by antecedent.
    support_counts : ndarray, shape (n_rules,), int
        Number of customers who bought the antecedent and, in a later order, the consequent.
    """

    antecedents: IntArray
    consequents: IntArray
    support_counts: IntArray

    def __len__(self) -> int:
        return len(self.antecedents)

    def __getitem__(self, rows: npt.NDArray[Any]) -> "OrderRules":
        """Return some of the rules."""
        return OrderRules(self.antecedents[rows], self.consequents[rows], self.support_counts[rows])

    def measures(self, train: Histories) -> dict[str, FloatArray]:
        """Return support, confidence and lift of each rule; NaN where nobody could have followed it.

        Support is the share of the customers with several orders who followed the rule. Of the customers who
        bought the antecedent and ordered again, confidence is the share who bought the consequent in a later
        order. Lift is the confidence over the share of all customers with several orders who bought the
        consequent after their first order.
        """
        pairs = first_and_last(train)
        followed = np.bincount(pairs.items[pairs.is_followed], minlength=train.n_items)
        preceded = np.bincount(pairs.items[pairs.last > 0], minlength=train.n_items)
        n_customers = np.count_nonzero(train.n_steps > 1)
        n_a, n_c = followed[self.antecedents], preceded[self.consequents]
        confidence = _ratio(self.support_counts, n_a)
        return {
            "support": _ratio(self.support_counts, np.full(len(self), n_customers)),
            "confidence": confidence,
            "lift": _ratio(self.support_counts * n_customers, n_a * n_c),
        }


@dataclass(frozen=True, eq=False)
class FirstAndLast:
    """First and last order of each (customer, item) pair, by customer, then by item.

    Parameters
    ----------
    starts : ndarray, shape (n_customers + 1,), int64
        The pairs of customer u are starts[u] to starts[u + 1] - 1 of the other arrays.
    items : ndarray, shape (n_pairs,), int32
    first, last : ndarray, shape (n_pairs,), int64
        Numbers of the customer's first and last order with the item, from 0.
    is_followed : ndarray, shape (n_pairs,), bool
        Whether another order of the customer follows the first one with the item.
    """

    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    is_followed: npt.NDArray[np.bool_]


def first_and_last(train: Histories) -> FirstAndLast:
    """Return the first and the last order of each item of each customer."""
    keys, n = train.rows * train.n_items + train.item_indices, len(train.item_indices)
    pairs, earliest = np.unique(keys, return_index=True)
    latest = n - 1 - np.unique(keys[::-1], return_index=True)[1]
    ages, customers = train.step_ages, pairs // max(train.n_items, 1)
    final = train.n_steps[customers] - 1
    return FirstAndLast(
        starts=np.searchsorted(customers, np.arange(train.n_users + 1)),
        items=(pairs % max(train.n_items, 1)).astype(np.int32),
        first=final - ages[earliest],
        last=final - ages[latest],
        is_followed=ages[earliest] > 0,
    )


def _ratio(counts: IntArray, totals: IntArray) -> FloatArray:
    ratios = np.full(len(counts), np.nan)
    np.divide(counts, totals, out=ratios, where=totals > 0)
    return ratios
