"""Policies over the items of a model: which apply to a history, and lists that follow them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.recommenders.model import Model
from recsys.recommenders.recommendations import Recommendations
from recsys.recommenders.selection import CategoryLimit, select

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pin:
    """An item at the top of a list, and why."""

    item: int  # its position
    reason: str | None  # None: it goes with the antecedents
    antecedents: tuple[Any, ...] = ()  # ids in the history that it is there for


@dataclass(frozen=True)
class Rule:
    """What applies when a history holds one of some items."""

    never: tuple[int, ...] = ()
    recommend: tuple[int, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class BoundPolicies:
    """Policies with positions of items for names; made by `Policies.bind`.

    Parameters
    ----------
    items : ndarray, shape (n_items,)
        The items of the model.
    in_stock : ndarray, shape (n_items,), bool, or None
        Items that may be recommended; None for all.
    rules : tuple of Rule
    rules_of : dict of id to tuple of int
        Numbers of the rules that apply when a history holds an item, also one that the model does not know.
    pinned : tuple of Pin
        The top of every list.
    not_in_model : tuple of str
        Places and names of items that should be recommended, and cannot: the model does not know them.
    digest : str
        Of the file.
    """

    items: npt.NDArray[Any]
    in_stock: BoolArray | None
    rules: tuple[Rule, ...]
    rules_of: dict[Any, tuple[int, ...]]
    pinned: tuple[Pin, ...]
    not_in_model: tuple[str, ...] = ()
    digest: str = field(default="", repr=False)

    def apply(self, history: Sequence[Any]) -> tuple[list[int], list[Pin]]:
        """Return the positions that a history of ids forbids, and the pins of its list, the first on top."""
        holding: dict[int, list[Any]] = {}  # ids of the history for which each rule applies
        for item in dict.fromkeys(history):
            for number in self.rules_of.get(item, ()):
                holding.setdefault(number, []).append(item)
        never: list[int] = []
        pins: dict[int, Pin] = {}
        for number in sorted(holding):
            rule = self.rules[number]
            never += rule.never
            for item in rule.recommend:
                pins.setdefault(item, Pin(item, rule.reason, tuple(holding[number])))
        for pin in self.pinned:
            pins.setdefault(pin.item, pin)
        return never, list(pins.values())

    def recommend(
        self,
        model: Model,
        histories: Histories,
        k: int,
        exclude: Histories,
        held: Iterable[Sequence[Any]] | None = None,
        candidates: BoolArray | None = None,
        limit: CategoryLimit | None = None,
    ) -> tuple[Recommendations, list[list[Pin]]]:
        """Return lists that follow the policies, and the pins of each user, whether or not they fit.

        Parameters
        ----------
        model, histories, k, exclude, candidates, limit
            See `recsys.recommenders.selection.select`.
        held : iterable of sequence of ids, optional
            What each user has, by which policies apply; by default the items of the histories.
        """
        if held is None:
            ids: list[Any] = self.items.tolist()
            held = ([ids[item] for item in histories.of(user).tolist()] for user in range(len(histories)))
        applied = list(map(self.apply, held))
        never, pins = [row for row, _ in applied], [row for _, row in applied]
        if any(never):
            exclude = exclude.plus(never)
        if self.in_stock is not None:
            candidates = self.in_stock if candidates is None else candidates & self.in_stock
        tops = [[pin.item for pin in row] for row in pins]
        return select(model, histories, k, exclude, candidates, tops, limit), pins
