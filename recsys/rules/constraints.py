"""Constraints on the lengths and items of antecedents and consequents."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.parameters import require_integer

LENGTHS = ("max_antecedent_len", "max_consequent_len")
ITEMS = ("antecedent_items", "consequent_items", "antecedent_contains", "consequent_contains")

Items = Collection[Hashable] | None


@dataclass(frozen=True, kw_only=True)
class RuleConstraints:
    """Lengths and items of antecedents and consequents; see `recsys.rules.generate_rules` for the parameters.

    Raises
    ------
    ParameterError
        If a length is no integer of at least 1, items are no list of ids, or two of the lists contradict each
        other.
    """

    max_antecedent_len: int | None = None
    max_consequent_len: int | None = None
    antecedent_items: Items = None
    consequent_items: Items = None
    antecedent_contains: Items = None
    consequent_contains: Items = None

    def __post_init__(self) -> None:
        for name in LENGTHS:
            if getattr(self, name) is not None:
                require_integer(name, getattr(self, name), minimum=1)
        for name in ITEMS:
            object.__setattr__(self, name, require_items(name, getattr(self, name)))
        for side, other in (("antecedent", "consequent"), ("consequent", "antecedent")):
            allowed, required = getattr(self, f"{side}_items"), getattr(self, f"{side}_contains")
            elsewhere = getattr(self, f"{other}_contains")
            for item in required or ():
                if allowed is not None and item not in allowed:
                    raise ParameterError(f"{side}_contains", f"among {side}_items", item)
                if elsewhere is not None and item in elsewhere:
                    raise ParameterError(f"{side}_contains", f"without the items of {other}_contains", item)

    def antecedent_lengths(self, length: int) -> range:
        """Return the lengths that an antecedent may have in an itemset of some length."""
        longest = length - 1 if self.max_antecedent_len is None else min(length - 1, self.max_antecedent_len)
        return range(
            1 if self.max_consequent_len is None else max(1, length - self.max_consequent_len), longest + 1
        )

    def flags(self, items: npt.NDArray[Any]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Return the flags of each item for the kernel, and the numbers of required items.

        Parameters
        ----------
        items : ndarray, shape (n_items,)
            The vocabulary.

        Raises
        ------
        ParameterError
            If an id is not in the vocabulary.
        """
        from recsys.rules._split_kernel import IN_ANTECEDENT, IN_CONSEQUENT, OF_ANTECEDENT, OF_CONSEQUENT

        n_musts = np.array([len(self.antecedent_contains or ()), len(self.consequent_contains or ())])
        if all(getattr(self, name) is None for name in ITEMS):
            return np.empty(0, dtype=np.uint8), n_musts
        index = {item: place for place, item in enumerate(items.tolist())}
        flags = np.zeros(len(items), dtype=np.uint8)
        for name, flag in zip(
            ITEMS, (IN_ANTECEDENT, IN_CONSEQUENT, OF_ANTECEDENT, OF_CONSEQUENT), strict=True
        ):
            ids = getattr(self, name)
            if ids is None and name.endswith("_items"):
                flags |= flag
            for item in ids or ():
                if item not in index:
                    kind = type(items[0].item() if isinstance(items[0], np.generic) else items[0]).__name__
                    cure = (
                        f"The ids are of type {kind}."
                        if not isinstance(item, type(items.tolist()[0]))
                        else ""
                    )
                    raise ParameterError(name, "ids of items in the transactions", item, cure)
                flags[index[item]] |= flag
        return flags, n_musts


def require_items(parameter: str, value: Any) -> Items:
    """Return a list of item ids as a tuple without repetitions, or None."""
    if value is None:
        return None
    rule = "a list of at least one item id"
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise ParameterError(parameter, rule, value)
    ids = list(value)
    if not ids or any(isinstance(item, bool) or not isinstance(item, Hashable) for item in ids):
        raise ParameterError(parameter, rule, value)
    return tuple(dict.fromkeys(item.item() if isinstance(item, np.generic) else item for item in ids))
