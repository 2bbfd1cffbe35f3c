"""Feedback, its limits and its acceptance rates."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.errors import RecsysError


@dataclass(frozen=True)
class Feedback:
    """A thumb up or down for one recommendation. Ids are text.

    Parameters
    ----------
    list_id : str
        The list that was shown; each of its items has one thumb, the last one.
    user_id : str
        Name of the person on the page; never a user of the data.
    item_id : str
    liked : bool
    likes : tuple of str
        Items that the list was made from, the latest like last.
    source : str
        rule, model or fallback; empty if unknown.
    antecedents : tuple of str
        Antecedents of the first reason.
    rank : int or None
        Rank in the list, from 1.
    model_version : str
    created : int
        Milliseconds since 1970.
    client : str
        Pseudonym of the client's address, for the limits; empty if unknown.
    """

    list_id: str
    user_id: str
    item_id: str
    liked: bool
    likes: tuple[str, ...] = ()
    source: str = ""
    antecedents: tuple[str, ...] = ()
    rank: int | None = None
    model_version: str = ""
    created: int = 0
    client: str = ""

    @property
    def rule(self) -> str:
        """The first reason as a rule, "1 & 50 -> 260"; empty if there is none."""
        return f"{' & '.join(self.antecedents)} -> {self.item_id}" if self.antecedents else ""


@dataclass(frozen=True)
class FeedbackLimits:
    """Maximum number of new thumbs in 24 hours; None for no limit."""

    per_user: int | None = None
    per_item: int | None = None
    per_address: int | None = None


class FeedbackLimitError(RecsysError):
    """A limit is reached.

    Parameters
    ----------
    what : {"user", "item", "address"}
    limit : int
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"One {what} takes at most {limit:,} thumbs a day.")
        self.what, self.limit = what, limit


@dataclass(frozen=True)
class Acceptance:
    """Thumbs for the recommendations of one source, or of one rule as in "1 & 50 -> 260"."""

    name: str
    up: int
    total: int

    @property
    def rate(self) -> float:
        """Share of thumbs up, 0 to 1."""
        return self.up / self.total
