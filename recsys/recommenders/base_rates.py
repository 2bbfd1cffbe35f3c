"""Base rates: the popularity that learned rules add to each score."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Popularity, Reason, rank_into
from recsys.recommenders.recommendations import FALLBACK, RULE, Recommendations


class RulesWithBaseRates(Protocol):
    """A model of rules and of the score of each item when no rule fires."""

    @property
    def items(self) -> npt.NDArray[Any]:
        """Id of each item, ascending."""

    @property
    def base_rates(self) -> FloatArray:
        """Score of each item when no rule fires, shape (n_items,)."""

    @property
    def popularity(self) -> Popularity:
        """The likes of each item in the training data."""

    def scores(self, histories: Histories) -> FloatArray:
        """Return what rules give to the score of each item, shape (n_users, n_items)."""

    def explain_by_rules(
        self, history: Histories, items: Sequence[int], n_reasons: int | None = None
    ) -> list[list[Reason[int]]]:
        """Return the rules that fired for each of some items, the strongest first."""


def fill(model: RulesWithBaseRates, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
    """Fill empty lists by the sum of both; items without a rule are marked as fallback.

    Users for whom no rule fires get the most popular items.
    """
    if not len(model.items):
        return
    by_rules = model.scores(histories)
    scores = by_rules + model.base_rates
    scores[~by_rules.any(axis=1)] = 0.0
    rank_into(lists, scores, exclude, model.popularity, source=RULE)
    chosen = np.take_along_axis(by_rules, np.maximum(lists.item_indices, 0), axis=1)
    lists.sources[(lists.sources == RULE) & (chosen == 0)] = FALLBACK


def explain(
    model: RulesWithBaseRates, history: Histories, items: Sequence[int], n_reasons: int | None
) -> list[list[Reason[int]]]:
    """Return the rules that fired for each of some items and its popularity, the strongest first.

    Popularity has the share of the base rate in the score, if that is positive, and is the only reason for an
    item whose score is not.
    """
    by_rules = model.scores(history)[0].tolist()
    reasons = model.explain_by_rules(history, items, n_reasons)
    base_rates, popularity = model.base_rates, model.popularity
    return [
        _with_base_rate(of_item, by_rules[item], float(base_rates[item]), popularity.reason(item))[:n_reasons]
        for item, of_item in zip(items, reasons, strict=True)
    ]


def _with_base_rate(
    reasons: list[Reason[int]], by_rules: float, base_rate: float, popularity: Reason[int]
) -> list[Reason[int]]:
    if not by_rules or by_rules + base_rate <= 0:
        return [popularity]
    if base_rate <= 0:
        return reasons
    whole = by_rules + base_rate
    scaled = [replace(reason, share=reason.share * by_rules / whole) for reason in reasons]
    return sorted([*scaled, replace(popularity, share=base_rate / whole)], key=lambda reason: -reason.share)
