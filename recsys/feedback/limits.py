"""Limits of feedback: how many new thumbs a day from one user, for one item, from one address."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.errors import RecsysError

DAY = 86_400  # seconds


@dataclass(frozen=True)
class FeedbackLimits:
    """Most new thumbs in 24 hours.

    Parameters
    ----------
    per_user, per_item, per_address : int or None
        Of one user, for one item, and from one client address; None for no limit.
    """

    per_user: int | None = None
    per_item: int | None = None
    per_address: int | None = None


class FeedbackLimitError(RecsysError):
    """A limit of feedback is reached.

    Parameters
    ----------
    what : {"user", "item", "address"}
    limit : int
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"One {what} takes at most {limit:,} thumbs a day.")
        self.what, self.limit = what, limit
