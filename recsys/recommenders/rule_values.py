"""Value of the items that rules recommend."""

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.errors import ParameterError


def item_values(train: Histories, value: str | None, power: float) -> npt.NDArray[np.float64]:
    """Return by what the scores of items are multiplied, shape (n_items,): 1 without a value, never negative.

    Items that bring nothing have 0, whatever the power. ParameterError is raised if the data do not have the
    value of each item.
    """
    if value is None:
        return np.ones(train.n_items)
    cure = "Set value=null."
    if value not in train.item_values:
        raise ParameterError("value", f"null for data without a {value}", value, cure)
    values = train.item_values[value]
    unknown = train.items[np.isnan(values)]
    if len(unknown):
        rule = f"null where an item has no known {value}, such as {unknown[0]} ({len(unknown):,} in all)"
        raise ParameterError("value", rule, value, cure)
    factors: npt.NDArray[np.float64] = np.where(values > 0, np.maximum(values, 0.0) ** power, 0.0)
    return factors
