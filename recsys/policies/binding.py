"""From rules with names to rules with positions."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.policies.bound import BoundPolicies, Pin, Rule
from recsys.policies.names import Names
from recsys.policies.rules import AlwaysWith, Entry, NeverWith, Pinned

PINNED = "Pinned to the top of every list."


def bind(
    names: Names,
    items: npt.NDArray[Any],
    out_of_stock: Sequence[Entry],
    never_with: Sequence[NeverWith],
    always_with: Sequence[AlwaysWith],
    pinned: Sequence[Pinned],
) -> BoundPolicies:
    """Return policies with positions in `items` for names; see `Policies.bind`."""
    rules: list[Rule] = []
    rules_of: dict[Any, list[int]] = defaultdict(list)

    def add(if_: Sequence[Entry], rule: Rule) -> None:
        for item in names.ids(if_):
            rules_of[item].append(len(rules))
        rules.append(rule)

    for never in never_with:
        add(never.if_, Rule(never=tuple(names.positions(never.never))))
    for always in always_with:
        add(always.if_, Rule(recommend=tuple(names.recommended(always.recommend)), reason=always.reason))
    pins: list[Pin] = []
    for one in pinned:
        pins += [Pin(item, one.reason or PINNED) for item in names.recommended(one.recommend)]
    left_out = names.positions(out_of_stock)
    in_stock = None
    if left_out:
        in_stock = np.ones(len(items), dtype=np.bool_)
        in_stock[left_out] = False
    return BoundPolicies(
        items=items,
        in_stock=in_stock,
        rules=tuple(rules),
        rules_of={item: tuple(numbers) for item, numbers in rules_of.items()},
        pinned=tuple(pins),
        not_in_model=tuple(names.not_in_model),
    )
