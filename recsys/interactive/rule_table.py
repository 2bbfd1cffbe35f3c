"""Rules with the titles of their items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import printable
from recsys.interactive import html
from recsys.rules import Rules

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # rules in a notebook
MEASURES = ("support", "confidence", "lift")


@dataclass(frozen=True, eq=False, repr=False)
class RuleTable:
    """Rules, the best by their metric first, with titles: `rules[:10].to_frame()`."""

    rules: Rules  # with ids, and all measures
    titles: Callable[[Any], Sequence[str]]  # of ids

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, selection: Any) -> RuleTable:
        return replace(self, rules=self.rules[selection])

    def to_frame(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a frame with a row for each rule; sides are tuples of titles.

        The measures are those of `recsys.rules.Rules.measures`, by default support, confidence, lift and the
        metric that orders the rules. `rules.rules.to_frame()` has ids, and mlxtend's columns.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            side: pd.Series(titles, dtype=object)
            for side, titles in zip(("antecedents", "consequents"), self._sides(), strict=True)
        }
        columns["support_count"] = self.rules.support_counts
        return pd.DataFrame(columns | self.rules.measures(self._names() if measures is None else measures))

    def __repr__(self) -> str:
        best = self[:SHOWN]
        values = zip(*(best.rules.measure(name).tolist() for name in self._names()), strict=True)
        lines = [
            f"{' + '.join(left)} -> {' + '.join(right)}  "
            + f"({', '.join(map(' '.join, zip(self._names(), map(html.number, numbers), strict=True)))})"
            for left, right, numbers in zip(*best._sides(), values, strict=True)
        ]
        return "\n".join([self._about(), *(f"  {printable(line)}" for line in lines)])

    def _repr_html_(self) -> str:
        best, names = self[:SHOWN], self._names()
        values = zip(*(best.rules.measure(name).tolist() for name in names), strict=True)
        counts = best.rules.support_counts.tolist()
        rows = (
            (" + ".join(left), " + ".join(right), count, *numbers)
            for left, right, count, numbers in zip(*best._sides(), counts, values, strict=True)
        )
        return html.table(["if", "then", "support_count", *names], rows, self._about())

    def _about(self) -> str:
        shown = f", the best {SHOWN} by {self.rules.metric}" if len(self) > SHOWN else ""
        return f"{len(self):,} rules{shown}"

    def _names(self) -> list[str]:
        return list(dict.fromkeys([*MEASURES, self.rules.metric]))

    def _sides(self) -> Iterator[list[tuple[str, ...]]]:
        """Yield the titles of each rule's antecedents, then of its consequents."""
        for side in (self.rules.antecedents, self.rules.consequents):
            offsets, items = self.rules.source.flatten(side)
            titles = list(self.titles(self.rules.source.items[items]))
            yield [tuple(titles[start:end]) for start, end in pairwise(offsets.tolist())]
