"""Model of rules whose weights are learned."""

from collections.abc import Sequence
from dataclasses import dataclass

from recsys.data import Histories
from recsys.recommenders.base_rates import rank_by_rules, with_base_rates
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
        if len(self.items):
            rank_by_rules(lists, self.scores(histories), self.base_rates, exclude, self.popularity)

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items and its popularity; see `with_base_rates`."""
        reasons = self.explain_by_rules(history, items, n_reasons)
        by_rules = self.scores(history)[0]
        return [
            of_item[:n_reasons]
            for of_item in with_base_rates(reasons, items, by_rules, self.base_rates, self.popularity)
        ]
