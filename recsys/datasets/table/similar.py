"""Warn of items that differ only in capitals or blanks."""

import logging
from collections import defaultdict
from typing import Any

import numpy.typing as npt

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.connection import identifier

log = logging.getLogger(__name__)


def warn_of_similar(items: npt.NDArray[Any], label: str, column: str | None) -> None:
    """Warn if some of the distinct items differ only in capitals or in blanks within them.

    Parameters
    ----------
    items : ndarray, shape (n_items,)
    label : str
        The table.
    column : str, optional
        The column of the items, if a query over the table can make them alike.
    """
    if items.dtype.kind != "U":
        return
    alike: dict[str, list[str]] = defaultdict(list)
    for name in items.tolist():
        alike[" ".join(name.casefold().split())].append(name)
    similar = [names for names in alike.values() if len(names) > 1]
    if not similar:
        return
    cure = "Correct the table if they are the same."
    if column is not None:
        name = identifier(column)
        plain = f"lower(regexp_replace(trim({name}), '\\s+', ' ', 'g'))"
        override = typed_override("dataset.query", f"select * replace ({plain} as {name}) from data")
        cure = f"If they are the same, set {override}."
    n_more = sum(len(names) - 1 for names in similar)
    first, second, *_ = similar[0]
    log.warning(
        "%s: %s items differ from another one only in capitals or blanks, such as %s and %s. %s",
        label, f"{n_more:,}", shown(first), shown(second), cure,
    )  # fmt: skip
