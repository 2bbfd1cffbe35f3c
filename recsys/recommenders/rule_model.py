"""Model of the rule recommender: rules that fire, their scores and reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from recsys.data import Histories, ItemCatalog
from recsys.mining import FrequentItemsets
from recsys.recommenders.category_shares import CategoryShares
from recsys.recommenders.model import WEIGHT, FloatArray, Model, Reason, State, rank_into, recency
from recsys.recommenders.recommendations import RULE, Recommendations
from recsys.recommenders.rule_index import build_index
from recsys.rules import Rules

if TYPE_CHECKING:
    from recsys.explorer import RuleTable
    from recsys.recommenders._reasons_kernel import Causes
    from recsys.recommenders._rules_kernel import Index

IntArray = npt.NDArray[np.integer[Any]]

# Attributes of the itemsets and of the rules in a saved model.
ITEMSETS = ("parents", "last_items", "counts", "offsets", "n_transactions", "min_support", "max_len")
RULES = ("antecedents", "consequents", "itemsets", "metric", "min_threshold", "n_found")


@dataclass(frozen=True, eq=False)
class RuleModel(Model):
    """Rules with one item in the consequent and a positive weight, weighted and indexed.

    With a hierarchy of the training data, they are over its extended items: antecedents and consequents may
    be categories. A history holds a category with any item of it, and a category as consequent recommends
    its best items; see `CategoryShares`.

    Parameters
    ----------
    train : Histories
    m : int
        Number of contributions to an item that count, the highest ones; 0 for all.
    half_life : float or None
        See `RuleRecommender`.
    rules : Rules
    weights : ndarray, shape (n_rules,), float64
    """

    m: int
    half_life: float | None
    rules: Rules
    weights: FloatArray

    def state(self) -> State:
        """Return the settings, the rules and their weights."""
        values = {name: getattr(self, name) for name in self._own_fields()}
        values |= {name: getattr(self.rules, name) for name in RULES}
        values |= {name: getattr(self.rules.source, name) for name in ITEMSETS}
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        return State({name: values[name] for name in values if name not in arrays}, arrays)

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model; the items of the itemsets are the extended ones of the training data."""
        values = {**state.settings, **state.arrays}
        source = FrequentItemsets(items=train.extended_items, **{name: values[name] for name in ITEMSETS})
        rules = Rules(source, **{name: values[name] for name in RULES})
        return cls(train=train, rules=rules, **{name: values[name] for name in cls._own_fields()})

    @classmethod
    def _own_fields(cls) -> list[str]:
        return [field.name for field in fields(cls) if field.name not in ("train", "rules")]

    def __post_init__(self) -> None:
        _ = self.index, self.popularity, self._shares  # part of fitting

    def rule_table(self, catalog: ItemCatalog) -> "RuleTable":
        """Return the rules, with their weights as a measure."""
        from recsys.explorer import RuleTable

        return RuleTable.of(self.rules, catalog, {WEIGHT: self.weights})

    @cached_property
    def index(self) -> "Index":
        """The rules by antecedent."""
        return build_index(self.rules, self.weights)

    @cached_property
    def causes(self) -> "Causes":
        """The rules by consequent, which reasons need."""
        from recsys.recommenders._reasons_kernel import Causes, causes_of

        return Causes(*causes_of(self.index))

    @cached_property
    def _shares(self) -> CategoryShares:
        return CategoryShares.of(self.train)

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by rules, then by popularity, marked as fallback."""
        scores, items = self._scores_of_items(histories)
        rank_into(lists, scores, exclude, self.popularity, items, RULE)

    def scores(self, histories: Histories) -> FloatArray:
        """Return the score of each item for each user, shape (n_users, n_items); 0 where no rule fires."""
        scores = np.zeros((len(histories), histories.n_items))
        of_items, items = self._scores_of_items(histories)
        scores[:, items] = of_items
        return scores

    def _scores_of_items(self, histories: Histories) -> tuple[FloatArray, IntArray]:
        """Return scores of the items that rules lead to, shape (n_users, n), and the items."""
        if self.train.hierarchy is None:
            return self._scores_of_consequents(histories), self.index.items
        return self._shares.scores(self._extended_scores(histories)), np.arange(histories.n_items)

    def _extended_scores(self, histories: Histories) -> FloatArray:
        """Return the score of each extended item for each user, shape (n_users, n_extended)."""
        scores = np.zeros((len(histories), len(self.index.roots)))
        scores[:, self.index.items] = self._scores_of_consequents(histories)
        return scores

    def _scores_of_consequents(self, histories: Histories) -> FloatArray:
        from recsys.recommenders._rules_kernel import score_all

        latest = histories.extend(self.train.hierarchy).latest
        scores = np.empty((len(latest), len(self.index.items)))
        likes = latest.offsets, latest.item_indices, self._recency(latest)
        score_all(self.index, *likes, self.m, scores)
        return scores

    def _recency(self, histories: Histories) -> FloatArray:
        return recency(histories, None if self.train.steps is None else self.half_life)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the reasons of `explain_by_rules`."""
        return self.explain_by_rules(history, items, n_reasons)

    def explain_by_rules(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items, the strongest first.

        The share of a rule is that of its contribution in the sum of those that count: all for sum and
        noisy_or, the highest for max, the `top_m` highest for mean_top_m; the others have a share of 0. Rules
        to a category explain its items that no rule itself leads to. If no rule fired, the reason is the
        popularity of the item.
        """
        return self._explained(history, items, n_reasons)[1]

    def scores_and_reasons(
        self, history: Histories, items: Sequence[int], n_reasons: int | None
    ) -> tuple[list[float], list[list[Reason[int]]]]:
        """Return what rules give to the score of each of some items, and the rules, the strongest first.

        With m = 0; see `explain_by_rules`.
        """
        totals, reasons = self._explained(history, items, n_reasons)
        if self.train.hierarchy is not None:  # an item has a share of what a category has
            totals = self.scores(history)[0, list(items)].tolist()
        return totals, reasons

    def _explained(
        self, history: Histories, items: Sequence[int], n_reasons: int | None
    ) -> tuple[list[float], list[list[Reason[int]]]]:
        """Return the sum of the contributions to each of some items that count, and the reasons."""
        sources = list(items)
        if self.train.hierarchy is not None:
            once = np.array(sources, dtype=np.int64)
            sources = self._shares.sources(self._extended_scores(history)[0], once).tolist()
        distinct = list(dict.fromkeys(sources))
        totals, found = self._reasons_of(history, distinct, n_reasons)
        place_of = dict(zip(distinct, range(len(distinct)), strict=True))
        places = [place_of[source] for source in sources]
        reasons = [
            found[place] or [self.popularity.reason(item)] for place, item in zip(places, items, strict=True)
        ]
        return [totals[place] for place in places], reasons

    def _reasons_of(
        self, history: Histories, consequents: list[int], n_reasons: int | None
    ) -> tuple[list[float], list[list[Reason[int]]]]:
        """Return the same of some distinct extended items, without a reason where no rule fired."""
        from recsys.recommenders._reasons_kernel import explain

        latest = history.extend(self.train.hierarchy).latest
        likes = latest.item_indices, self._recency(latest)
        n = len(self.rules) if n_reasons is None else n_reasons
        explained = np.array(consequents, dtype=np.int64)
        starts, rules, shares, totals = explain(self.index, self.causes, *likes, explained, n, self.m)
        # The rules of all items at once: to look up a few costs as much as to look up many.
        reasons, bounds = self._reasons(rules, shares), pairwise(starts.tolist())
        return totals.tolist(), [reasons[start:stop] for start, stop in bounds]

    def _reasons(self, rules: IntArray, shares: FloatArray) -> list[Reason[int]]:
        from recsys.recommenders._reasons_kernel import flatten

        source = self.rules.source
        starts, flat = flatten(source.parents, source.last_items, self.rules.antecedents[rules])
        sides = flat.tolist()
        antecedents = [tuple(sides[start:stop]) for start, stop in pairwise(starts.tolist())]
        columns = [column[rules].tolist() for column in self._measures]
        consequents = source.last_items[self.rules.consequents[rules]]  # of one item each
        categories = [item if item >= len(self.items) else None for item in consequents.tolist()]
        rows = zip(antecedents, *columns, shares.tolist(), categories, strict=True)
        return [
            Reason(antecedent, count, confidence, lift, share, category=category)
            for antecedent, count, confidence, lift, share, category in rows
        ]

    @cached_property
    def _measures(self) -> list[npt.NDArray[Any]]:
        """Count, confidence and lift of each rule."""
        ratios = self.rules.measures(("confidence", "lift")).values()
        return [self.rules.support_counts, *ratios]
