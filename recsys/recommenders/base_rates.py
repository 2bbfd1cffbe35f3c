"""Base rates: the popularity that learned rules add to each score."""

from collections.abc import Sequence
from typing import Any, Protocol

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

    def scores_and_reasons(
        self, history: Histories, items: Sequence[int], n_reasons: int | None
    ) -> tuple[list[float], list[list[Reason[int]]]]:
        """Return what rules give to the score of each of some items, and the rules, the strongest first."""


def fill(model: RulesWithBaseRates, lists: Recommendations, histories: Histories, exclude: Histories) -> None:
    """Fill empty lists by the sum of both; items without a rule are marked as fallback.

    Users for whom no rule fires get the most popular items.
    """
    if not len(model.items):
        return
    from recsys.recommenders._ranking_kernel import add_base_rates, mark_unscored

    by_rules = model.scores(histories)
    scores = add_base_rates(by_rules, model.base_rates)
    rank_into(lists, scores, exclude, model.popularity, source=RULE)
    mark_unscored(lists.sources, lists.item_indices, by_rules, RULE, FALLBACK)


def explain(
    model: RulesWithBaseRates, history: Histories, items: Sequence[int], n_reasons: int | None
) -> list[list[Reason[int]]]:
    """Return the rules that fired for each of some items and its popularity, the strongest first.

    Popularity has the share of the base rate in the score, if that is positive, and is the only reason for an
    item whose score is not.
    """
    by_rules, reasons = model.scores_and_reasons(history, items, n_reasons)
    base_rates = model.base_rates[items].tolist() if items else []
    popularity = model.popularity
    return [
        _with_base_rate(of_item, score, base_rate, popularity.reason(item))[:n_reasons]
        for item, of_item, score, base_rate in zip(items, reasons, by_rules, base_rates, strict=True)
    ]


def _with_base_rate(
    reasons: list[Reason[int]], by_rules: float, base_rate: float, popularity: Reason[int]
) -> list[Reason[int]]:
    if not by_rules or by_rules + base_rate <= 0:
        return [popularity]
    if base_rate <= 0:
        return reasons
    whole = by_rules + base_rate
    scaled = [reason.with_share(reason.share * by_rules / whole) for reason in reasons]
    return sorted([*scaled, popularity.with_share(base_rate / whole)], key=lambda reason: -reason.share)
