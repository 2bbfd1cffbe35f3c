"""From interactions to transactions."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys.data.factorize import number
from recsys.data.interactions import Interactions
from recsys.data.transactions import Transactions


def encode(interactions: Interactions) -> Transactions:
    """Encode one transaction a user over the items that occur; rows and columns ascend by id."""
    users, user_index = number(interactions.user_id)
    items, item_index = number(interactions.item_id)
    liked = np.ones(len(interactions), dtype=np.bool_)
    matrix = sparse.coo_array((liked, (user_index, item_index)), shape=(len(users), len(items)))
    return Transactions(sparse.csr_array(matrix), items, users)
