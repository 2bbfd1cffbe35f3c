"""Model of rules between the orders of customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recsys.data import Histories, ItemCatalog
from recsys.recommenders import base_rates
from recsys.recommenders.model import WEIGHT, FloatArray, Model, Reason, State
from recsys.recommenders.order_rules import OrderRules
from recsys.recommenders.recommendations import Recommendations

if TYPE_CHECKING:
    from recsys.explorer import RuleTable

RULES = ("antecedents", "consequents", "support_counts")


@dataclass(frozen=True, eq=False)
class OrderRuleModel(Model):
    """Rules between orders: the score of an item is its base rate and the sum of the rules that fire.

    A rule contributes its weight times x of its antecedent, the sum of 2^(-age / half_life) over the user's
    orders that contain it, where age is the number of later orders. Users for whom no rule fires get the most
    popular items.

    Parameters
    ----------
    train : Histories
    half_life : float or None
    rules : OrderRules
    weights : ndarray, shape (n_rules,), float64
        Positive.
    base_rates : ndarray, shape (n_items,), float64
        Score of each item when no rule fires.
    """

    half_life: float | None
    rules: OrderRules
    weights: FloatArray
    base_rates: FloatArray

    def state(self) -> State:
        """Return the half-life, the rules, their weights and the base rates."""
        arrays = {name: getattr(self.rules, name) for name in RULES}
        arrays |= {"weights": self.weights, "base_rates": self.base_rates}
        return State({"half_life": self.half_life}, arrays)

    @classmethod
    def from_state(cls, train: Histories, state: State) -> Self:
        """Restore a saved model."""
        arrays = state.arrays
        rules = OrderRules(*(arrays[name] for name in RULES))
        return cls(train, state.settings["half_life"], rules, arrays["weights"], arrays["base_rates"])

    def rule_table(self, catalog: ItemCatalog) -> "RuleTable":
        """Return the rules, with their weights as a measure."""
        from recsys.explorer import RuleTable, Side

        rules, starts = self.rules, np.arange(len(self.rules) + 1)
        sides = Side(starts, rules.antecedents), Side(starts, rules.consequents)
        measures = {**self._measures, WEIGHT: self.weights}
        return RuleTable(*sides, catalog, self.items, rules.support_counts, measures)

    def __post_init__(self) -> None:
        _ = self.by_antecedent, self.popularity  # part of fitting

    @cached_property
    def by_antecedent(self) -> sparse.csr_array:
        """Weights of the rules, shape (n_items, n_items): antecedents by consequents."""
        places, n_items = (self.rules.antecedents, self.rules.consequents), len(self.items)
        return sparse.coo_array((self.weights, places), shape=(n_items, n_items)).tocsr()

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by score, then by popularity; items without a rule are marked as fallback."""
        base_rates.fill(self, lists, histories, exclude)

    def scores(self, histories: Histories) -> FloatArray:
        """Return what rules give to the score of each item, shape (n_users, n_items); 0 where none fires."""
        scores: FloatArray = (self.bought(histories) @ self.by_antecedent).toarray()
        return scores

    def bought(self, histories: Histories) -> sparse.csr_array:
        """Return x of each item for each user, shape (n_users, n_items)."""
        recency = np.exp2(-histories.step_ages / (self.half_life or np.inf))
        return histories.sums_of(recency)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items and its popularity, the strongest first."""
        return base_rates.explain(self, history, items, n_reasons)

    def scores_and_reasons(
        self, history: Histories, items: Sequence[int], n_reasons: int | None
    ) -> tuple[list[float], list[list[Reason[int]]]]:
        """Return what rules give to the score of each of some items, and the rules, the strongest first."""
        scores: list[float] = self.scores(history)[0, list(items)].tolist()
        return scores, self.explain_by_rules(history, items, n_reasons)

    def explain_by_rules(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items, the strongest first.

        The share of a rule is that of its contribution in the sum of all. If no rule fired, the reason is the
        popularity of the item.
        """
        bought = self.bought(history).toarray()[0]
        times = np.bincount(history.item_indices, minlength=len(self.items))
        return [
            self._reasons(item, bought, times)[:n_reasons] or [self.popularity.reason(item)] for item in items
        ]

    def _reasons(self, item: int, bought: FloatArray, times: npt.NDArray[np.int64]) -> list[Reason[int]]:
        first, stop = self._starts[item : item + 2].tolist()
        antecedents = self.rules.antecedents[first:stop]
        contributions = bought[antecedents] * self.weights[first:stop]
        total, reasons = contributions.sum(), []
        for place in np.argsort(-contributions, kind="stable").tolist():
            if not contributions[place] > 0:
                break
            rule, antecedent = first + place, int(antecedents[place])
            count = int(self.rules.support_counts[rule])
            confidence, lift = (_known(self._measures[name][rule]) for name in ("confidence", "lift"))
            share = float(contributions[place] / total)
            reasons.append(Reason((antecedent,), count, confidence, lift, share, int(times[antecedent])))
        return reasons

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        """The rules to item j are _starts[j] to _starts[j + 1] - 1, shape (n_items + 1,)."""
        return np.searchsorted(self.rules.consequents, np.arange(len(self.items) + 1))

    @cached_property
    def _measures(self) -> dict[str, FloatArray]:
        """Measures of each rule."""
        return self.rules.measures(self.train)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
