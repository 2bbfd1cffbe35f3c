"""Association rules, stored as indices of frequent itemsets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.mining.arrow import write_tables
from recsys.mining.trie import IntArray
from recsys.parameters import require_choice, require_integer
from recsys.rules.measures import MEASURES, METRICS, MLXTEND_MEASURES, improvement

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Values = npt.NDArray[np.float64]

# Measures with other names in mlxtend.
MLXTEND_NAMES = {"antecedent_support": "antecedent support", "consequent_support": "consequent support"}

SHOWN = 10  # rules in a notebook
RULES_AT_ONCE = 2**14  # their counts fit into the processor's cache
EXACT = 2**26  # up to this n, products of counts, at most 2 n^2, are exact in float64


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """Rules antecedent -> consequent, the best by the metric first.

    Parameters
    ----------
    source : FrequentItemsets
        The itemsets of the rules, with their counts.
    antecedents, consequents, itemsets : ndarray, shape (n_rules,), int64
        Indices in `source` of the two sides and of both together.
    metric : str
        The measure that orders them, one of `recsys.rules.METRICS`.
    min_threshold : float
        The threshold of the metric.
    n_found : int, optional
        Number of rules before `max_rules` or a selection; by default the number of rules.
    stored : mapping of str to ndarray, shape (n_rules,)
        Measures of rules from a file that do not follow from the counts.
    """

    source: FrequentItemsets
    antecedents: IntArray
    consequents: IntArray
    itemsets: IntArray
    metric: str
    min_threshold: float
    n_found: int = -1
    stored: Mapping[str, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.n_found < 0:
            object.__setattr__(self, "n_found", len(self))

    def __len__(self) -> int:
        return len(self.itemsets)

    def __getitem__(self, selection: slice | npt.NDArray[Any]) -> Rules:
        if isinstance(selection, int | np.integer):
            raise TypeError(f"Rules are selected by slices and arrays: rules[{selection}:{selection + 1}].")
        if not isinstance(selection, slice | list | np.ndarray):
            kind = type(selection).__name__
            raise TypeError(f"Rules are selected by slices and arrays, such as rules[:10]. Got {kind}.")
        if isinstance(selection, np.ndarray) and selection.dtype == np.bool_ and len(selection) == len(self):
            selection = np.flatnonzero(selection)  # several arrays by a mask take four times as long
        return replace(
            self,
            antecedents=self.antecedents[selection],
            consequents=self.consequents[selection],
            itemsets=self.itemsets[selection],
            stored={name: values[selection] for name, values in self.stored.items()},
        )

    def __repr__(self) -> str:
        found = f", n_found={self.n_found}" if self.n_found != len(self) else ""
        return (
            f"Rules(n_rules={len(self)}{found}, metric={self.metric!r}, min_threshold={self.min_threshold})"
        )

    def _repr_html_(self) -> str:
        frame = self[:SHOWN].to_frame(dict.fromkeys(("support", "confidence", "lift", self.metric)))
        for side in ("antecedents", "consequents"):
            frame[side] = [", ".join(sorted(map(str, items))) for items in frame[side]]
        return f"<div>{escape(repr(self))}</div>{frame.to_html(index=False)}"

    @property
    def support_counts(self) -> IntArray:
        """Number of transactions that hold all items of each rule, shape (n_rules,), int64."""
        return self.source.counts[self.itemsets]

    @property
    def default_measures(self) -> tuple[str, ...]:
        """Default measures: mlxtend's twelve and the metric."""
        return MLXTEND_MEASURES + (() if self.metric in MLXTEND_MEASURES else (self.metric,))

    def top(self, k: int) -> Rules:
        """Return the k best rules by the metric, or all if there are fewer."""
        return self[: require_integer("k", k, minimum=0)]

    def titled_sides(
        self, titles: Callable[[npt.NDArray[Any]], Sequence[str]]
    ) -> Iterator[list[tuple[str, ...]]]:
        """Yield the titles of each rule's antecedents, then of its consequents; `titles` takes ids."""
        for side in (self.antecedents, self.consequents):
            offsets, items = self.source.flatten(side)
            found = titles(self.source.items[items])
            yield [tuple(found[start:end]) for start, end in pairwise(offsets.tolist())]

    def measure(self, name: str) -> Values:
        """Return one measure of all rules, shape (n_rules,).

        Raises ParameterError if it is not in `recsys.rules.METRICS`, and DataFormatError for the improvement,
        which depends on other rules, of rules from a file without it.
        """
        return self.measures([require_choice("name", name, METRICS)])[name]

    def measures(self, names: Collection[str] | None = None) -> dict[str, Values]:
        """Return measures of all rules by name, shape (n_rules,) each; None: mlxtend's twelve and the metric.

        Errors are those of `measure`.
        """
        names = self.default_measures if names is None else require_names(names)
        # One block for all: the system uses large pages for large arrays, which halves the time.
        result = dict(zip(names, np.empty((len(names), len(self))), strict=True))
        functions = [(MEASURES[name], result[name]) for name in result if name in MEASURES]
        n, counts = self.source.n_transactions, self.source.counts
        kind: type[Any] = np.float64 if n <= EXACT else np.int64
        for start in range(0, len(self), RULES_AT_ONCE) if functions else ():
            some = slice(start, start + RULES_AT_ONCE)
            n_ac, n_a, n_c = (
                counts[indices[some]].astype(kind)
                for indices in (self.itemsets, self.antecedents, self.consequents)
            )
            for function, values in functions:
                values[some] = function(n, n_ac, n_a, n_c)
        if "improvement" in result:
            known = self.stored.get("improvement")
            if known is None:
                known = improvement(self.source, self.antecedents, self.itemsets)
            result["improvement"] = known
        return result

    def to_frame(self, measures: Collection[str] | None = None) -> pd.DataFrame:
        """Return the frame of mlxtend's `association_rules`, with the measures as for `measures`."""
        import pandas as pd

        columns: dict[str, Any] = {
            "antecedents": pd.Series(self.source.frozensets(self.antecedents), dtype=object),
            "consequents": pd.Series(self.source.frozensets(self.consequents), dtype=object),
        }
        values = self.measures(measures)
        return pd.DataFrame(columns | {MLXTEND_NAMES.get(name, name): values[name] for name in values})

    def to_arrow(self, measures: Collection[str] | None = None) -> pa.Table:
        """Return the rules as an Arrow table; see `to_parquet`."""
        from recsys.rules.arrow import FACTS, SIDE_SUPPORTS, SIDES, to_table

        names = self.default_measures if measures is None else require_names(measures)
        columns = {"support_count": self.support_counts} | self.measures([*SIDE_SUPPORTS, *names])
        sides, facts = ({name: getattr(self, name) for name in group} for group in (SIDES, FACTS))
        return to_table(self.source, sides, columns, facts)

    def to_parquet(self, path: str | Path, measures: Collection[str] | None = None) -> None:
        """Write the rules to a Parquet file, which `from_parquet` reads.

        The columns are `antecedents` and `consequents` (lists of item ids), `support_count`, the supports of
        both sides, and the measures as for `measures`. An infinite conviction is infinite there. Errors are
        those of `FrequentItemsets.to_parquet`.
        """
        from recsys.rules.arrow import ROWS_A_GROUP

        starts = range(ROWS_A_GROUP, len(self), ROWS_A_GROUP)
        first = self[:ROWS_A_GROUP].to_arrow(measures)
        others = (self[start : start + ROWS_A_GROUP].to_arrow(measures) for start in starts)
        write_tables("rules", path, first.schema, chain([first] if len(self) else [], others))

    @classmethod
    def from_parquet(cls, path: str | Path) -> Rules:
        """Read rules that `to_parquet` wrote.

        `source` contains only the itemsets of these rules and their prefixes: `generate_rules` rejects it.
        Raises DataNotFoundError if there is no such file, and DataFormatError if it is not a file of rules
        with integers or text as item ids.
        """
        from recsys.rules.arrow import read

        return cls(**read(path))


def require_names(names: Collection[str]) -> list[str]:
    """Return names of measures as a list; raise ParameterError if they are invalid."""
    if isinstance(names, str) or not isinstance(names, Collection):
        raise ParameterError("names", "a list of names of measures", names, "For example ['lift'].")
    return [require_choice("names", name, METRICS) for name in names]
