"""Measures of what the hits of a list are worth, where the data have prices or margins.

The value of an item is that of one unit: the mean price, or margin, of its lines in the training data. An
item of which none is known counts as 0; `count_unknown` says how many there are.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from recsys.data import Histories

#: The metric of each name in `Histories.item_values`.
METRIC_OF = {"price": "revenue", "margin": "margin"}
VALUE = (*METRIC_OF.values(), "revenue_capture")


def value_of_hits(
    item_indices: npt.NDArray[np.int32],
    hits: npt.NDArray[np.bool_],
    item_values: Mapping[str, npt.NDArray[np.float64]],
    cutoffs: Sequence[int],
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure what the hits up to each cut-off are worth to the shop.

    - revenue@k: sum of the prices of the hits up to k, in the currency of the data.
    - margin@k: sum of their margins; it can be negative.

    Parameters
    ----------
    item_indices, hits : ndarray, shape (n_users, k_max)
    item_values : mapping of str to ndarray, shape (n_items,)
    cutoffs : sequence of int

    Returns
    -------
    dict of str to ndarray, shape (n_users,), float64
    """
    values: dict[str, npt.NDArray[np.float64]] = {}
    for name, metric in METRIC_OF.items():
        if name in item_values:
            gained = np.cumsum(_known(item_values[name])[item_indices] * hits, axis=1)
            values |= {f"{metric}@{k}": gained[:, k - 1] for k in cutoffs}
    return values


def revenue_capture(
    values: Mapping[str, npt.NDArray[np.float64]],
    targets: Histories,
    measured: npt.NDArray[np.intp],
    item_values: Mapping[str, npt.NDArray[np.float64]],
    cutoffs: Sequence[int],
) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.bool_]]]:
    """Measure the share of the revenue that was there to be had: recall with each item weighted by its price.

    revenue@k over the sum of the prices of the user's held-out items, as far as the catalog knows them. Users
    for whom that is 0 do not have the metric.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (n_users,)
        From `value_of_hits`.
    targets : Histories
        The held-out items of these users, and perhaps of others.
    measured : ndarray, shape (n_users,)
        Positions of these users in `targets`.
    item_values, cutoffs
        As there.

    Returns
    -------
    values : dict of str to ndarray, shape (n_defined,), float64
        Without prices, and where no user has the metric, empty.
    defined : dict of str to ndarray, shape (n_users,), bool
    """
    if "price" not in item_values:
        return {}, {}
    prices = _known(item_values["price"])[targets.item_indices]
    whole = np.bincount(targets.rows, prices, minlength=len(targets))[measured]
    has_some = whole > 0
    if not has_some.any():
        return {}, {}
    names = {k: f"revenue_capture@{k}" for k in cutoffs}
    captured = {names[k]: values[f"revenue@{k}"][has_some] / whole[has_some] for k in cutoffs}
    return captured, dict.fromkeys(names.values(), has_some)


def count_unknown(item_values: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, float]:
    """Return the numbers of items without a known price, and without a known margin, if there are any."""
    counts = {name: int(np.count_nonzero(np.isnan(values))) for name, values in item_values.items()}
    return {f"n_items_without_{name}": count for name, count in counts.items() if count}


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return values with 0 where none is known, and at the end for -1, which is no item."""
    return np.append(np.where(np.isnan(values), 0.0, values), 0.0)
