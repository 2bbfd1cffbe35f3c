"""Model of rules whose weights are learned."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.data import Histories
from recsys.recommenders import base_rates
from recsys.recommenders.model import FloatArray, Reason
from recsys.recommenders.recommendations import Recommendations
from recsys.recommenders.rule_model import RuleModel


@dataclass(frozen=True, eq=False)
class LearnedRuleModel(RuleModel):
    """Rules with learned weights: the score of an item is its base rate and the sum of the rules that fire.

    Users for whom no rule fires get the most popular items.

    Parameters
    ----------
    train, settings, rules, weights
        As in `RuleModel`.
    base_rates : ndarray, shape (n_items,), float64
        Score of each item when no rule fires.
    """

    base_rates: FloatArray

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by score, then by popularity; items without a rule are marked as fallback."""
        base_rates.fill(self, lists, histories, exclude)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items and its popularity, the strongest first."""
        return base_rates.explain(self, history, items, n_reasons)
