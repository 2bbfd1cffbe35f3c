"""From positives to transactions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Positives, Transactions
from recsys.data.factorize import factorize


def encode(positives: Positives, transaction: str = "user") -> Transactions:
    """Encode one transaction per user, or per order, over the items that occur; rows and columns ascend."""
    ids, row = factorize(transaction_ids(positives, transaction))
    items, column = factorize(positives.item_id)
    occurs = np.ones(len(positives), dtype=np.bool_)
    matrix = sparse.coo_array((occurs, (row, column)), shape=(len(ids), len(items)))
    return Transactions(sparse.csr_array(matrix), items, ids)


def transaction_ids(positives: Positives, transaction: str) -> npt.NDArray[Any]:
    """Return the transaction of each entry: its user's id or its order's number, shape (n_positives,)."""
    return positives.user_id if transaction == "user" or positives.order is None else positives.order
