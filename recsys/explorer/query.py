"""Query: which rules of a table, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.explorer.table import IntArray, RuleTable
from recsys.explorer.text import plain
from recsys.parameters import require_choice, require_number

MAX_WORDS = 10  # each takes some milliseconds for 400,000 rules
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Query:
    """Conditions on rules, all of which must hold, and their order.

    Parameters
    ----------
    text : str
        At most ten words, each of which must be part of the title of some item of the rule; see
        `recsys.explorer.text.plain`.
    item, antecedent, consequent : sequence of ids
        Items that the rule must hold: on any side, or on that side.
    minimum, maximum : mapping of str to float
        Bounds, inclusive, by the name of a column: see `RuleTable.columns`. An infinite value is above every
        bound, and one that is not known within none.
    sort : str
        A column.
    descending : bool
    """

    text: str = ""
    item: Sequence[Any] = ()
    antecedent: Sequence[Any] = ()
    consequent: Sequence[Any] = ()
    minimum: Mapping[str, float] = field(default_factory=dict)
    maximum: Mapping[str, float] = field(default_factory=dict)
    sort: str = "lift"
    descending: bool = True

    def find(self, table: RuleTable) -> IntArray:
        """Return the ids of the rules, in order, equal ones by id; rules without a finite value are last.

        ParameterError is raised if the table has no such column or item; bounds are named as in
        `min_support`.
        """
        order = table.order(require_choice("sort", self.sort, table.columns), self.descending)
        mask = self.mask(table)
        return order if mask is None else order[mask[order]]

    def mask(self, table: RuleTable) -> Mask | None:
        """Return whether the conditions hold for each rule, shape (n_rules,); None without a condition."""
        masks = [*self._bounds(table), *self._items(table), *self._words(table)]
        return np.logical_and.reduce(masks) if masks else None

    def _bounds(self, table: RuleTable) -> list[Mask]:
        masks = []
        for prefix, bounds, holds in (
            ("min", self.minimum, np.greater_equal),
            ("max", self.maximum, np.less_equal),
        ):
            for name, bound in bounds.items():
                require_choice(f"{prefix}_{name}", name, table.columns)
                masks.append(holds(table.column(name), require_number(f"{prefix}_{name}", bound)))
        return masks

    def _items(self, table: RuleTable) -> list[Mask]:
        sides = {
            "item": (table.antecedents, table.consequents),
            "antecedent": (table.antecedents,),
            "consequent": (table.consequents,),
        }
        masks = []
        for name, searched in sides.items():
            for item_id in getattr(self, name):
                wanted = table.find_item(item_id, name)
                mask = np.zeros(len(table), dtype=np.bool_)
                for side in searched:  # a scan takes less than a millisecond for a million rules
                    mask[side.rules[side.items == wanted]] = True
                masks.append(mask)
        return masks

    def _words(self, table: RuleTable) -> list[Mask]:
        words = set(plain(self.text).split())
        if len(words) > MAX_WORDS:
            raise ParameterError("text", f"at most {MAX_WORDS} words", self.text)
        masks = []
        for word in words:
            wanted = np.array([word in title for title in table.plain_titles], dtype=np.bool_)
            mask = np.zeros(len(table), dtype=np.bool_)
            for side in (table.antecedents, table.consequents):
                mask[side.rules[wanted[side.items]]] = True
            masks.append(mask)
        return masks
