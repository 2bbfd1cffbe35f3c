"""Base rates: the popularity that learned rules add to each score."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recsys.data import Histories
from recsys.recommenders.model import FloatArray, Popularity, Reason, rank_into
from recsys.recommenders.recommendations import FALLBACK, RULE, Recommendations


def rank_by_rules(
    lists: Recommendations,
    by_rules: FloatArray,
    base_rates: FloatArray,
    exclude: Histories,
    popularity: Popularity,
) -> None:
    """Fill lists by what rules give to the scores and by base rates; items without a rule are fallback.

    Users for whom no rule fires get the most popular items. Shapes are (n_users, n_items) and (n_items,).
    """
    scores = by_rules + base_rates
    scores[~by_rules.any(axis=1)] = 0.0
    rank_into(lists, scores, exclude, popularity, source=RULE)
    chosen = np.take_along_axis(by_rules, np.maximum(lists.item_indices, 0), axis=1)
    lists.sources[(lists.sources == RULE) & (chosen == 0)] = FALLBACK


def with_base_rates(
    reasons: Sequence[list[Reason[int]]],
    items: Sequence[int],
    by_rules: FloatArray,
    base_rates: FloatArray,
    popularity: Popularity,
) -> list[list[Reason[int]]]:
    """Return the rules that fired for each of some items and its popularity, the strongest first.

    Popularity has the share of the base rate in the score, if that is positive, and is the only reason for an
    item whose score is not. `by_rules` and `base_rates` have shape (n_items,).
    """
    return [
        _with_base_rate(of_item, float(by_rules[item]), float(base_rates[item]), popularity.reason(item))
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
