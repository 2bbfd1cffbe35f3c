"""Model of rules whose weights are learned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Reason, rank_into
from recsys.recommenders.recommendations import FALLBACK, RULE, Recommendations
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
        if not len(self.items):
            return
        by_rules = self.scores(histories)
        fired = by_rules.any(axis=1)
        scores = by_rules + self.base_rates
        scores[~fired] = 0.0
        rank_into(lists, scores, exclude, self.popularity, source=RULE)
        chosen = np.take_along_axis(by_rules, np.maximum(lists.item_indices, 0), axis=1)
        lists.sources[(lists.sources == RULE) & (chosen == 0)] = FALLBACK

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items and its popularity, the strongest first.

        Popularity has the share of the base rate in the score, if that is positive, and is the only reason
        for an item whose score is not.
        """
        by_rules = self.scores(history)[0].tolist()
        reasons = self.explain_by_rules(history, items, n_reasons)
        return [
            self._with_base_rate(item, by_rules[item], of_item)[:n_reasons]
            for item, of_item in zip(items, reasons, strict=True)
        ]

    def _with_base_rate(self, item: int, by_rules: float, reasons: list[Reason[int]]) -> list[Reason[int]]:
        base_rate = float(self.base_rates[item])
        if not by_rules or by_rules + base_rate <= 0:
            return [self.popularity.reason(item)]
        if base_rate <= 0:
            return reasons
        whole = by_rules + base_rate
        scaled = [replace(reason, share=reason.share * by_rules / whole) for reason in reasons]
        popularity = replace(self.popularity.reason(item), share=base_rate / whole)
        return sorted([*scaled, popularity], key=lambda reason: -reason.share)
