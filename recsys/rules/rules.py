"""Association rules, stored as indices of frequent itemsets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.parameters import require_choice, require_integer
from recsys.rules.measures import MEASURES, METRICS, MLXTEND_MEASURES, improvement

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

IntArray = npt.NDArray[np.integer[Any]]
Values = npt.NDArray[np.float64]

# The two measures that have other names in mlxtend.
MLXTEND_NAMES = {"antecedent_support": "antecedent support", "consequent_support": "consequent support"}

RULES_AT_ONCE = 2**14  # measured at once: few enough that all counts stay in the cache
EXACT = 2**26  # up to here all products of counts, at most 2 n^2, are whole numbers in float64


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """Rules antecedent -> consequent, the best by the metric first.

    Parameters
    ----------
    source : FrequentItemsets
        The itemsets that the rules are made of, with their counts.
    antecedents, consequents, itemsets : ndarray, shape (n_rules,), int64
        Indices in `source` of the two sides and of both together.
    metric : str
        The measure that orders them, one of `recsys.rules.METRICS`.
    min_threshold : float
        The least value of it that a rule was kept with.
    n_found : int, optional
        Number of rules before `max_rules` or a selection; the number of rules unless given.
    stored : mapping of str to ndarray, shape (n_rules,)
        Measures that do not follow from the counts, by name, of rules that were read from a file.
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

    @property
    def support_counts(self) -> IntArray:
        """Number of transactions that hold all items of each rule, shape (n_rules,), int64."""
        return self.source.counts[self.itemsets]

    @property
    def default_measures(self) -> tuple[str, ...]:
        """Default measures: mlxtend's twelve and the metric."""
        return MLXTEND_MEASURES + (() if self.metric in MLXTEND_MEASURES else (self.metric,))

    def top(self, k: int) -> Rules:
        """Return the k best rules by the metric, or all if there are fewer.

        Raises
        ------
        ParameterError
            If `k` is not an integer of at least 0.
        """
        return self[: require_integer("k", k, minimum=0)]

    def measure(self, name: str) -> Values:
        """Return one measure of all rules, shape (n_rules,).

        Raises
        ------
        ParameterError
            If there is no measure of that name in `recsys.rules.METRICS`.
        DataFormatError
            If it is "improvement", which looks at other rules too, and they are neither in the source nor was
            it written to the file that the rules were read from.
        """
        return self.measures([require_choice("name", name, METRICS)])[name]

    def measures(self, names: Collection[str] | None = None) -> dict[str, Values]:
        """Return some measures of all rules by name, shape (n_rules,) each.

        Parameters
        ----------
        names : collection of str, optional
            Of `recsys.rules.METRICS`; mlxtend's twelve and the metric unless given.

        Raises
        ------
        ParameterError, DataFormatError
            As for `measure`.
        """
        names = self.default_measures if names is None else require_names(names)
        # One block for all: the system gives large pages to large arrays, and that is half of the time.
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
            result["improvement"] = (
                improvement(self.source, self.antecedents, self.itemsets) if known is None else known
            )
        return result

    def to_frame(self, measures: Collection[str] | None = None) -> pd.DataFrame:
        """Return the frame that mlxtend's `association_rules` returns: frozensets, and measures.

        Parameters
        ----------
        measures : collection of str, optional
            The measures, as for `measures`. Two of mlxtend's have its names: "antecedent support" and
            "consequent support".
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "antecedents": pd.Series(self.source.frozensets(self.antecedents), dtype=object),
            "consequents": pd.Series(self.source.frozensets(self.consequents), dtype=object),
        }
        values = self.measures(measures)
        return pd.DataFrame(columns | {MLXTEND_NAMES.get(name, name): values[name] for name in values})

    def to_arrow(self, measures: Collection[str] | None = None) -> pa.Table:
        """Return the rules as an Arrow table, in their order; see `to_parquet` for its columns."""
        from recsys.rules.arrow import FACTS, SIDE_SUPPORTS, SIDES, to_table

        names = self.default_measures if measures is None else require_names(measures)
        columns = {"support_count": self.support_counts} | self.measures([*SIDE_SUPPORTS, *names])
        sides, facts = ({name: getattr(self, name) for name in group} for group in (SIDES, FACTS))
        return to_table(self.source, sides, columns, facts)

    def to_parquet(self, path: str | Path, measures: Collection[str] | None = None) -> None:
        """Write the rules to a Parquet file, in their order.

        The columns are `antecedents` and `consequents` (lists of item ids), `support_count`, and the measures
        by their names. An infinite measure, as the conviction of a rule that never fails, is infinite there.
        `from_parquet` reads the file back.

        Parameters
        ----------
        path : str or Path
        measures : collection of str, optional
            The measures, as for `measures`; the supports of both sides are always written.

        Raises
        ------
        ParameterError
            If the path is none.
        DataFormatError
            If the item ids have no type in Arrow: integers beyond 64 bits, tuples of text and numbers.
        OutputError
            If the file cannot be written.
        """
        from recsys.rules.arrow import ROWS_A_GROUP, write

        starts = range(0, len(self), ROWS_A_GROUP)
        tables = (self[start : start + ROWS_A_GROUP].to_arrow(measures) for start in starts)
        write(path, self[:0].to_arrow(measures).schema, tables)

    @classmethod
    def from_parquet(cls, path: str | Path) -> Rules:
        """Read rules that `to_parquet` wrote.

        They are equal in all that the file holds: sides, counts, order, metric, and every measure that
        follows from the counts of a rule. Their `source` holds their own itemsets only, with the prefixes of
        these, and is not what `generate_rules` takes.

        Raises
        ------
        DataNotFoundError
            If there is no such file.
        DataFormatError
            If it is no file of rules, or the ids of its items are neither integers nor text.
        """
        from recsys.rules.arrow import read

        return cls(**read(path))


def require_names(names: Collection[str]) -> list[str]:
    """Return names of measures as a list; raise ParameterError unless they are a collection of them."""
    if isinstance(names, str) or not isinstance(names, Collection):
        raise ParameterError("names", "a list of names of measures", names, "For example ['lift'].")
    return [require_choice("names", name, METRICS) for name in names]
