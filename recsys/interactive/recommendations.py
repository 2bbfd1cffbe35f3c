"""Recommendations and their reasons, as lists that notebooks show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import printable
from recsys.data import Nouns
from recsys.interactive import html
from recsys.models.bundle import Item, Recommendation
from recsys.models.reason_text import reason_text, with_titles
from recsys.recommenders import Reason

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("item_id", "title", "score", "source", "reasons")
MEASURES = ("support_count", "confidence", "lift", "share")


@dataclass(frozen=True, repr=False)
class RecommendationList:
    """Recommended items, the best first: a sequence of `recsys.models.bundle.Recommendation`."""

    items: tuple[Recommendation, ...]
    likes: tuple[str, ...]  # titles that the list is for
    nouns: Nouns

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> Recommendation:
        return self.items[place]

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    @property
    def titles(self) -> list[str]:
        """The titles of the items."""
        return [one.title for one in self.items]

    def reasons(self, place: int) -> list[str]:
        """Return the reasons for the item at a place in words, the strongest first."""
        one = self.items[place]
        return _in_words(one.reasons, one.title, self.nouns)

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with a row for each item; `reasons` are in words, joined by "; "."""
        import pandas as pd

        rows = [
            (one.item_id, one.title, one.score, one.source, "; ".join(self.reasons(place)))
            for place, one in enumerate(self.items)
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def __repr__(self) -> str:
        lines = [self._about()]
        for rank, one in enumerate(self.items, start=1):
            lines.append(f"{rank:3}. {one.title}")
            lines += [f"     {reason}" for reason in self.reasons(rank - 1)]
        return "\n".join(map(printable, lines))

    def _repr_html_(self) -> str:
        rows = [(str(i + 1), one.title, "\n".join(self.reasons(i))) for i, one in enumerate(self.items)]
        return html.table(["", self.nouns.item, "why"], rows, self._about())

    def _about(self) -> str:
        return f"You {self.nouns.verb} " + "; ".join(self.likes or ("nothing yet",)) + "."


@dataclass(frozen=True, repr=False)
class Explanation:
    """The reasons for one item, the strongest first, as `recsys.recommenders.Reason`."""

    item: Item
    reasons: tuple[Reason[Item], ...]
    likes: tuple[str, ...]  # titles that they are for
    nouns: Nouns

    @property
    def texts(self) -> list[str]:
        """The reasons in words."""
        return _in_words(self.reasons, self.item.title, self.nouns)

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with a row for each reason: antecedents as titles, measures, share of the score."""
        import pandas as pd

        titles = [tuple(item.title for item in one.antecedents) for one in self.reasons]
        measures = [[getattr(one, name) for name in MEASURES] for one in self.reasons]
        frame = pd.DataFrame(measures, columns=list(MEASURES))
        frame.insert(0, "antecedents", pd.Series(titles, dtype=object))
        return frame

    def __repr__(self) -> str:
        return "\n".join(map(printable, [self._about(), *(f"  {text}" for text in self.texts)]))

    def _repr_html_(self) -> str:
        return html.table(["why"], [(text,) for text in self.texts], self._about())

    def _about(self) -> str:
        found = "" if self.reasons else " The model has no reason to recommend it."
        return f"{self.item.title}: you {self.nouns.verb} {'; '.join(self.likes) or 'nothing yet'}.{found}"


def _in_words(reasons: Iterable[Reason[Item]], title: str, nouns: Nouns) -> list[str]:
    """Return reasons for an item in words, as `python -m recsys recommend` prints them."""
    return [reason_text(with_titles(reason), title, nouns.verb).strip() for reason in reasons]
