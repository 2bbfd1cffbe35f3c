"""Rules with the titles of their items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import printable
from recsys.interactive import html
from recsys.rules import Rules
from recsys.runs.files import TITLE_SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # rules in a notebook
MEASURES = ("support", "confidence", "lift")


@dataclass(frozen=True, eq=False, repr=False)
class TitledRules:
    """Rules, the best by their metric first, with titles: `rules[:10].to_frame()`."""

    rules: Rules  # with ids, and all measures
    titles: Callable[[Any], Sequence[str]]  # of ids
    n_mined: int = 0  # rules of the run, where these are the best of them

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, selection: Any) -> TitledRules:
        return replace(self, rules=self.rules[selection], n_mined=0)

    def to_frame(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a frame with a row for each rule; sides are tuples of titles.

        The measures are those of `recsys.rules.Rules.measures`, by default support, confidence, lift and the
        metric that orders the rules. `rules.rules.to_frame()` has ids, and mlxtend's columns.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            side: pd.Series(titles, dtype=object)
            for side, titles in zip(
                ("antecedents", "consequents"), self.rules.titled_sides(self.titles), strict=True
            )
        }
        columns["support_count"] = self.rules.support_counts
        return pd.DataFrame(columns | self.rules.measures(self._names() if measures is None else measures))

    def __repr__(self) -> str:
        lines = [self._about()]
        for left, right, count, *values in self._best():
            measures = zip(("support_count", *self._names()), (count, *values), strict=True)
            shown = ", ".join(f"{name} {html.number(value)}" for name, value in measures)
            lines.append(printable(f"  {left} -> {right}  ({shown})"))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html.table(["if", "then", "support_count", *self._names()], self._best(), self._about())

    def _best(self) -> Iterator[tuple[Any, ...]]:
        """Yield the sides of the best rules as text, their count and their measures."""
        best = self.rules[:SHOWN]
        sides = (list(map(TITLE_SEPARATOR.join, side)) for side in best.titled_sides(self.titles))
        measures = (best.measure(name).tolist() for name in self._names())
        return zip(*sides, best.support_counts.tolist(), *measures, strict=True)

    def _about(self) -> str:
        shown = f", the best {SHOWN} by {self.rules.metric}" if len(self) > SHOWN else ""
        mined = f"of {self.n_mined:,} " if self.n_mined > len(self) else ""
        return f"{len(self):,} {mined}rules{shown}"

    def _names(self) -> list[str]:
        return list(dict.fromkeys([*MEASURES, self.rules.metric]))
