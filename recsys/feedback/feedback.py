"""Feedback: one thumb up or down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Feedback:
    """What somebody thinks of one recommendation.

    Ids are text, as are those of people whom the data does not know.

    Parameters
    ----------
    request_id : str
        Chosen by who sends it: feedback that is sent twice under one is kept once.
    user_id : str
        A user of the data, or whatever the page calls the person.
    item_id : str
        What was recommended.
    liked : bool
        Thumb up or down.
    likes : tuple of str
        What the recommendation was made from, the latest like last.
    source : str
        rule, model or fallback; empty where the sender does not say.
    antecedents : tuple of str
        The items of the first reason.
    rank : int or None
        Place in the list, from 1.
    model_version : str
        Which model recommended it.
    created : int
        Milliseconds since 1970.
    """

    request_id: str
    user_id: str
    item_id: str
    liked: bool
    likes: tuple[str, ...] = ()
    source: str = ""
    antecedents: tuple[str, ...] = ()
    rank: int | None = None
    model_version: str = ""
    created: int = 0

    @property
    def rule(self) -> str:
        """The first reason as a rule, "1 & 50 -> 260"; empty where there is none."""
        return f"{' & '.join(self.antecedents)} -> {self.item_id}" if self.antecedents else ""
