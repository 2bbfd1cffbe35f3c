"""Feedback and its acceptance rates."""

from dataclasses import dataclass

from recsys.errors import RecsysError


@dataclass(frozen=True)
class Feedback:
    """A thumb up or down for one recommendation. Ids are text."""

    list_id: str  # the list that was shown; each of its items has one thumb, the last one
    user_id: str  # name of the person on the page; never a user of the data
    item_id: str
    liked: bool
    likes: tuple[str, ...] = ()  # items that the list was made from, the latest like last
    source: str = ""  # rule, model, fallback or policy
    antecedents: tuple[str, ...] = ()  # of the first reason
    rank: int | None = None  # in the list, from 1
    model_version: str = ""
    created: int = 0  # milliseconds since 1970
    client: str = ""  # pseudonym of the client's address

    @property
    def rule(self) -> str:
        """The first reason as a rule, "1 & 50 -> 260"; empty if there is none."""
        return f"{' & '.join(self.antecedents)} -> {self.item_id}" if self.antecedents else ""


class FeedbackLimitError(RecsysError):
    """The limit of new thumbs a day is reached, of a "user", an "item" or an "address"."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"One {what} takes at most {limit:,} thumbs a day.")
        self.what, self.limit = what, limit


@dataclass(frozen=True)
class Acceptance:
    """Thumbs for the recommendations of one source, one version, or one rule as in "1 & 50 -> 260"."""

    name: str
    up: int
    total: int

    @property
    def rate(self) -> float:
        """Share of thumbs up, 0 to 1."""
        return self.up / self.total
