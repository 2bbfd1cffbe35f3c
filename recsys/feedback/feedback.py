"""Feedback: one thumb up or down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feedback:
    """What somebody thinks of one recommendation.

    Ids are text.

    Parameters
    ----------
    list_id : str
        The list that was shown; there is one thumb for each of its items, the last one.
    user_id : str
        What the page calls the person; never a user of the data.
    item_id : str
        What was recommended.
    liked : bool
        Thumb up or down.
    likes : tuple of str
        What the recommendation was made from, the latest like last.
    source : str
        rule, model or fallback; empty if unknown.
    antecedents : tuple of str
        The items of the first reason.
    rank : int or None
        Place in the list, from 1.
    model_version : str
        Which model recommended it.
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
        """The first reason as a rule, "1 & 50 -> 260"; empty where there is none."""
        return f"{' & '.join(self.antecedents)} -> {self.item_id}" if self.antecedents else ""
