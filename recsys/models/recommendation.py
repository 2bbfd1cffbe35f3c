"""A recommendation with titles, source and reasons."""

from __future__ import annotations

import math
from typing import Any, NamedTuple


class Titled(NamedTuple):
    """An item and its title."""

    item_id: Any
    title: str


class ExplainedReason(NamedTuple):
    """Why an item is recommended; `recsys.recommenders.Reason` in terms of people.

    Parameters
    ----------
    antecedents : tuple of Titled
        The liked items that speak for it; empty where its popularity does.
    support_count : int or None
        Number of users who like antecedents and item.
    confidence, lift : float or None
        Of the rule; None where unknown or infinite.
    share : float
        Share of the item's score that comes from this reason, 0 to 1.
    """

    antecedents: tuple[Titled, ...]
    support_count: int | None
    confidence: float | None
    lift: float | None
    share: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "antecedents": [{"item_id": item_id, "title": title} for item_id, title in self.antecedents],
            "support_count": self.support_count,
            "confidence": self.confidence,
            "lift": self.lift,
            "share": self.share,
        }


class Recommendation(NamedTuple):
    """One item of a list.

    Parameters
    ----------
    item_id : int or str
    title : str
        The id as text where there is no title.
    score : float
        Finite. Scores of two sources do not compare.
    source : str
        rule | model | fallback.
    reasons : tuple of ExplainedReason
        The strongest first.
    """

    item_id: Any
    title: str
    score: float
    source: str
    reasons: tuple[ExplainedReason, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "item_id": self.item_id,
            "title": self.title,
            "score": self.score,
            "source": self.source,
            "reasons": [reason.as_dict() for reason in self.reasons],
        }


def finite(value: float | None) -> float | None:
    """Return a number, or None where there is none that JSON could hold."""
    return value if value is not None and math.isfinite(value) else None
