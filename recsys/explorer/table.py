"""RuleTable: rules with titles and measures, to be searched."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import ItemCatalog
from recsys.data.titles import display_title
from recsys.datasets import TitleSearch
from recsys.errors import ParameterError
from recsys.explorer.text import plain
from recsys.rules import Rules

IntArray = npt.NDArray[np.integer[Any]]
Values = npt.NDArray[np.float64]
Item = dict[str, Any]

SUPPORT_COUNT, LENGTH = "support_count", "length"
CONSTANT = "representativity"  # 1 for all rules: transactions have no missing values


@dataclass(frozen=True, eq=False)
class Side:
    """The items of one side of each rule.

    Parameters
    ----------
    offsets : ndarray, shape (n_rules + 1,), int
        The items of rule r are entries offsets[r] to offsets[r + 1] - 1 of `items`.
    items : ndarray, shape (n_entries,), int
        Item indices, end to end.
    """

    offsets: IntArray
    items: IntArray

    @property
    def lengths(self) -> IntArray:
        """Number of items of each rule, shape (n_rules,)."""
        return np.diff(self.offsets)

    @cached_property
    def rules(self) -> IntArray:
        """The rule of each entry, shape (n_entries,)."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), self.lengths)

    def of(self, rules: IntArray) -> "Side":
        """Return the side of some rules, in their order."""
        lengths = self.lengths[rules]
        offsets = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[:-1][rules] - offsets[:-1], lengths)
        return Side(offsets, self.items[places])

    def lists(self, values: list[Any]) -> list[list[Any]]:
        """Return a list for each rule: the value of each of its items."""
        flat = [values[item] for item in self.items.tolist()]
        return [flat[start:stop] for start, stop in pairwise(self.offsets.tolist())]


@dataclass(frozen=True, eq=False)
class RuleTable:
    """Rules with titles and measures. The id of a rule is its row.

    Parameters
    ----------
    antecedents, consequents : Side
    catalog : ItemCatalog
        Titles of the items.
    item_ids : ndarray, shape (n_items,)
        Id of each item, a number or text.
    support_counts : ndarray, shape (n_rules,), int64
    measures : mapping of str to ndarray, shape (n_rules,), float64
        A conviction may be infinite, and what is not known is NaN; in the results both are None.
    """

    antecedents: Side
    consequents: Side
    catalog: ItemCatalog
    item_ids: npt.NDArray[Any]
    support_counts: IntArray
    measures: Mapping[str, Values]
    _orders: dict[tuple[str, bool], IntArray] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, rules: Rules, catalog: ItemCatalog, more: Mapping[str, Values] | None = None) -> Self:
        """Make a table of rules, in their order, with their default measures and more ones."""
        antecedents, consequents = (
            Side(*rules.source.flatten(side)) for side in (rules.antecedents, rules.consequents)
        )
        names = [name for name in rules.default_measures if name != CONSTANT]
        measures = {**rules.measures(names), **(more or {})}
        return cls(antecedents, consequents, catalog, rules.source.items, rules.support_counts, measures)

    def __len__(self) -> int:
        return len(self.support_counts)

    @cached_property
    def lengths(self) -> IntArray:
        """Number of items of both sides of each rule, shape (n_rules,)."""
        return self.antecedents.lengths + self.consequents.lengths

    @cached_property
    def titles(self) -> list[str]:
        """Title of each item, or its id as text."""
        return self.catalog.titles(self.item_ids)

    @cached_property
    def plain_titles(self) -> list[str]:
        """Title of each item as searched for words, in both forms: "matrix, the (1999)", "the matrix"."""
        forms = ((title, display_title(title)[0]) for title in self.titles)
        return [plain("\n".join(dict.fromkeys(both))) for both in forms]

    @cached_property
    def n_rules_of_items(self) -> IntArray:
        """Number of rules that hold each item, shape (n_items,); an item of both sides counts once."""
        n_rules, n_items = len(self), len(self.item_ids)
        one, other = (
            sparse.csr_array((np.ones(len(side.items)), side.items, side.offsets), (n_rules, n_items))
            for side in (self.antecedents, self.consequents)
        )
        return np.bincount((one + other).indices, minlength=n_items)

    @property
    def n_items(self) -> int:
        """Number of items that rules hold."""
        return len(self._held)

    @property
    def columns(self) -> list[str]:
        """What rules can be limited and sorted by: the measures, `support_count` and `length`."""
        return [*self.measures, SUPPORT_COUNT, LENGTH]

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return one of `columns`, shape (n_rules,)."""
        if name in self.measures:
            return self.measures[name]
        return self.lengths if name == LENGTH else self.support_counts

    def order(self, name: str, descending: bool) -> IntArray:
        """Return the ids of all rules by a column, equal ones by id; those without a finite value last."""
        key = name, descending
        if key not in self._orders:
            values = self.column(name)
            values = np.where(np.isfinite(values), -values if descending else values, np.nan)
            self._orders[key] = np.argsort(values, kind="stable").astype(np.int32)
        return self._orders[key]

    def range_of(self, measure: str) -> tuple[float | None, float | None]:
        """Return the smallest and the largest finite value of a measure; None if there is none."""
        values = self.measures[measure]
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else (None, None)

    def summary(self) -> dict[str, Any]:
        """Return numbers of rules and items, the finite range of each measure, and the maximum length."""
        ranges = [(name, *self.range_of(name)) for name in self.measures]
        return {
            "n_rules": len(self),
            "n_items": self.n_items,
            "measures": [dict(zip(("name", "minimum", "maximum"), one, strict=True)) for one in ranges],
            "max_length": int(self.lengths.max(initial=0)),
        }

    def find_item(self, item_id: Any, parameter: str = "item") -> int:
        """Return the index of an item by its id, a number or its text; raise ParameterError if unknown."""
        index = self._index.get(str(item_id))
        if index is None:
            raise ParameterError(parameter, "the id of an item of the rules", item_id)
        return index

    def find_items(self, search: str, limit: int) -> list[Item]:
        """Return items that rules hold by the beginning of their title, those of the most rules first."""
        counts = self.n_rules_of_items
        found = [self._held[row] for row in self._search.beginning(search)]
        found.sort(key=lambda item: -counts[item])
        return [{**self.items[item], "n_rules": int(counts[item])} for item in found[:limit]]

    def rows(self, rules: IntArray, items: list[Item] | None = None) -> Iterable[dict[str, Any]]:
        """Yield some rules as JSON objects; None: with `items`."""
        named = self.items if items is None else items
        sides = [side.of(rules).lists(named) for side in (self.antecedents, self.consequents)]
        measures = self.values(self.measures, rules)
        values = zip(*measures.values(), strict=True)
        columns = rules.tolist(), *sides, self.support_counts[rules].tolist(), values
        for rule, antecedents, consequents, count, of_rule in zip(*columns, strict=True):
            yield {
                "rule_id": rule,
                "antecedents": antecedents,
                "consequents": consequents,
                "support_count": count,
                "measures": dict(zip(measures, of_rule, strict=True)),
            }

    def values(self, measures: Iterable[str], rules: IntArray) -> dict[str, list[float | None]]:
        """Return measures of some rules; None where a value is not finite."""
        return {name: _finite(self.measures[name][rules]) for name in measures}

    @cached_property
    def items(self) -> list[Item]:
        """Id and title of each item, and the title and year as people say it."""
        said = map(display_title, self.titles)
        return [
            {**item, "display_title": title, "year": year}
            for item, (title, year) in zip(self.bare_items, said, strict=True)
        ]

    @cached_property
    def bare_items(self) -> list[Item]:
        """Id and title of each item, as in the data."""
        pairs = zip(self.item_ids.tolist(), self.titles, strict=True)
        return [{"item_id": item, "title": title} for item, title in pairs]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {str(item): index for index, item in enumerate(self.item_ids.tolist())}

    @cached_property
    def _held(self) -> list[int]:
        """The items that rules hold."""
        held: list[int] = np.flatnonzero(self.n_rules_of_items).tolist()
        return held

    @cached_property
    def _search(self) -> TitleSearch:
        ids, titles = self.item_ids[self._held], tuple(self.titles[item] for item in self._held)
        return TitleSearch(ItemCatalog(ids, titles, ((),) * len(titles)))


def _finite(values: Values) -> list[float | None]:
    """Return values with None for those that are not finite."""
    listed: list[float | None] = values.tolist()
    if np.isfinite(values).all():
        return listed
    return [value if value is not None and math.isfinite(value) else None for value in listed]
