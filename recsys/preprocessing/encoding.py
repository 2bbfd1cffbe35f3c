"""From positives to transactions."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.data.factorize import number
from recsys.data.positives import Positives
from recsys.data.transactions import Transactions


def encode(positives: Positives) -> Transactions:
    """Encode one transaction a user over the items that occur; rows and columns ascend by id."""
    users, user_index = number(positives.user_id)
    items, item_index = number(positives.item_id)
    liked = np.ones(len(positives), dtype=np.bool_)
    matrix = sparse.coo_array((liked, (user_index, item_index)), shape=(len(users), len(items)))
    return Transactions(sparse.csr_array(matrix), items, users)
