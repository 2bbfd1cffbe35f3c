"""Hybrid recommender: rules combined with a collaborative model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from recsys.data import Histories, ItemCatalog
from recsys.errors import BudgetError, ParameterError
from recsys.parameters import require_choice, require_ratio
from recsys.recommenders.als import ALSRecommender
from recsys.recommenders.ease import EASERecommender
from recsys.recommenders.item_based import ItemBasedModel
from recsys.recommenders.item_knn import ItemKNNRecommender
from recsys.recommenders.model import FloatArray, Model, Reason, rank_into
from recsys.recommenders.order_rule_model import OrderRuleModel
from recsys.recommenders.recommendations import MODEL, RULE, Recommendations
from recsys.recommenders.rule_model import RuleModel
from recsys.recommenders.rules import RuleRecommender
from recsys.rules import Rules

if TYPE_CHECKING:
    from recsys.explorer import RuleTable

MODES = ("blend", "rules_first")
COLLABORATIVE = (EASERecommender, ItemKNNRecommender, ALSRecommender)


@dataclass(frozen=True)
class HybridRecommender:
    """Combine rules with a collaborative model. Values out of range raise ParameterError.

    Parameters
    ----------
    rules : RuleRecommender
    model : EASERecommender, ItemKNNRecommender or ALSRecommender
    mode : {"blend", "rules_first"}
        blend: the score is s r + (1 - s) m, where s is `rules_share`, and r and m are the user's scores by
        rules and by the model, each divided by the user's highest for an item outside the history, or
        for any item if all others have 0; negative ones as 0.
        rules_first: the items of the rules, then those of the model.
    rules_share : float
        0 to 1; used only by blend.

    Notes
    -----
    A weighted and a cascaded hybrid, in the terms of Burke, "Hybrid recommender systems: survey and
    experiments", User Modeling and User-Adapted Interaction 2002.
    """

    rules: RuleRecommender = field(default_factory=RuleRecommender)
    model: EASERecommender | ItemKNNRecommender | ALSRecommender = field(default_factory=EASERecommender)
    mode: str = "blend"
    rules_share: float = 0.5

    def __post_init__(self) -> None:
        if not isinstance(self.rules, RuleRecommender):
            raise ParameterError("rules", "recommender=rules", self.rules)
        if not isinstance(self.model, COLLABORATIVE):
            raise ParameterError("model", "one of ease, item_knn, als", self.model)
        require_choice("mode", self.mode, MODES)
        require_ratio("rules_share", self.rules_share)

    def completing_baskets(self) -> "HybridRecommender":
        """Return the settings for evaluations that complete baskets; see `RuleRecommender`."""
        return replace(self, rules=self.rules.completing_baskets())

    def fit(self, train: Histories, rules: Rules | None = None) -> "HybridModel":
        """Fit both; see `recsys.recommenders.Recommender` and `RuleRecommender.fit`."""
        try:
            fitted_rules = self.rules.fit(train, rules, "recommender.rules")
        except ParameterError as error:
            raise (error if error.parameter == "rules" else error.within("rules")) from error
        except BudgetError as error:
            raise BudgetError(str(error).replace("recommender.", "recommender.rules.")) from error
        try:
            fitted_model = self.model.fit(train)
        except ParameterError as error:
            raise error.within("model") from error
        return HybridModel(train, self.mode, self.rules_share, fitted_rules, fitted_model)


@dataclass(frozen=True, eq=False)
class HybridModel(Model):
    """A rule model and a collaborative one over the same items; see `HybridRecommender`."""

    mode: str
    rules_share: float
    rules: RuleModel | OrderRuleModel
    model: ItemBasedModel

    @property
    def requirements(self) -> tuple[str, ...]:
        """Those of the two models."""
        return self.rules.requirements + self.model.requirements

    def rule_table(self, catalog: ItemCatalog) -> "RuleTable | None":
        """Return the table of the rule model."""
        return self.rules.rule_table(catalog)

    def fill(self, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
        """Fill empty lists by the sum of both scores.

        The source of an item is the one with the larger part of its score, or popularity if both parts are 0.
        """
        by_rules, by_model = self._parts(histories)
        rank_into(lists, by_rules + by_model, exclude, self.popularity)
        chosen = np.maximum(lists.item_indices, 0)
        of_rules = np.take_along_axis(by_rules >= by_model, chosen, axis=1)
        lists.sources[of_rules & (lists.sources == MODEL)] = RULE

    def explain(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the reasons of the rules and of the model, each with its share of the whole score."""
        by_rules, by_model = (part[0, list(items)] for part in self._parts(history))
        whole = by_rules + by_model
        of_rules = (
            self.rules.explain_by_rules(history, items, n_reasons) if by_rules.any() else [[]] * len(items)
        )
        of_model = self.model.explain(history, items, n_reasons) if by_model.any() else [[]] * len(items)
        explained = []
        for place, item in enumerate(items):
            if not whole[place]:
                explained.append([self.popularity.reason(item)])
                continue
            reasons = [
                *_scaled(of_rules[place], by_rules[place] / whole[place]),
                *_scaled(of_model[place], by_model[place] / whole[place]),
            ]
            explained.append(sorted(reasons, key=lambda reason: -reason.share)[:n_reasons])
        return explained

    def _parts(self, histories: Histories) -> tuple[FloatArray, FloatArray]:
        """Return what the rules and what the model give to each score, each of shape (n_users, n_items)."""
        by_rules = _normalised(self.rules.scores(histories), histories)
        by_model = _normalised(self.model.scores(histories), histories)
        if self.mode == "blend":
            return self.rules_share * by_rules, (1 - self.rules_share) * by_model
        fired = by_rules > 0
        highest_by_model = by_model.max(axis=1, initial=0.0, keepdims=True)
        return np.where(fired, by_rules + highest_by_model, 0.0), np.where(fired, 0.0, by_model)


def _scaled(reasons: list[Reason[int]], share: float) -> list[Reason[int]]:
    """Return the reasons of a part with their shares of the whole; none if the share of the part is 0."""
    return [reason.with_share(reason.share * float(share)) for reason in reasons] if share else []


def _normalised(scores: FloatArray, histories: Histories) -> FloatArray:
    """Divide the positive scores of each user by the highest outside the history; the others become 0.

    If only items of the history have scores, as by repeat rules, it is the highest of these.
    """
    positive = np.maximum(scores, 0.0)
    others = positive.copy()
    others[histories.rows, histories.item_indices] = 0.0
    highest, of_all = (part.max(axis=1, initial=0.0, keepdims=True) for part in (others, positive))
    highest = np.where(highest > 0, highest, of_all)
    np.divide(positive, highest, out=positive, where=highest > 0)
    return positive
