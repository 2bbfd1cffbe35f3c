"""Acceptance: how many of the recommendations that were judged were liked."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.feedback.store import FeedbackStore


@dataclass(frozen=True)
class Acceptance:
    """Thumbs of one kind of recommendation.

    Parameters
    ----------
    name : str
        A source, or a rule as in "1 & 50 -> 260".
    up, total : int
        Thumbs up, and all.
    """

    name: str
    up: int
    total: int

    @property
    def rate(self) -> float:
        """Share of thumbs up, 0 to 1."""
        return self.up / self.total


def by_source(store: FeedbackStore) -> list[Acceptance]:
    """Return the acceptance of rules, models and fallback, the most judged first."""
    return [Acceptance(*row) for row in store.count_by("source")]


def by_rule(store: FeedbackStore, limit: int | None = None) -> list[Acceptance]:
    """Return the acceptance of each rule that was the first reason, the most judged first."""
    return [Acceptance(*row) for row in store.count_by("rule", limit)]
