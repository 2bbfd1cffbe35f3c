"""Points of a scatter plot."""

import numpy as np

from recsys.explorer.query import Query
from recsys.explorer.table import IntArray, RuleTable

AXES = ("support", "confidence", "lift")
EXTREMES = 0.05  # of the sample, at each end of each axis


def sample(table: RuleTable, query: Query, limit: int) -> tuple[int, IntArray]:
    """Return the number of rules that a query finds, and the ids of at most `limit` of them, ascending.

    Of more rules, the sample has the most extreme ones at both ends of each axis, and of the others every
    n-th: it is always the same.
    """
    mask = query.mask(table)
    found = np.arange(len(table)) if mask is None else np.flatnonzero(mask)
    if len(found) <= limit:
        return len(found), found
    n = int(EXTREMES * limit)
    kept = np.zeros(len(table), dtype=np.bool_)
    for axis in AXES:
        for descending in (True, False):
            order = table.order(axis, descending)
            kept[(order if mask is None else order[mask[order]])[:n]] = True
    others = found[~kept[found]]
    kept[others[np.linspace(0, len(others) - 1, limit - np.count_nonzero(kept)).astype(np.int64)]] = True
    return len(found), np.flatnonzero(kept)
