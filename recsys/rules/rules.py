"""Association rules, stored as indices of frequent itemsets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recsys.errors import OutputError
from recsys.mining import FrequentItemsets
from recsys.parameters import require_choice
from recsys.rules.measures import METRICS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

IntArray = npt.NDArray[np.integer[Any]]

# The two measures that mlxtend names otherwise.
MLXTEND_NAMES = {"antecedent_support": "antecedent support", "consequent_support": "consequent support"}

ROWS_A_GROUP = 2**18  # rules in a row group of a Parquet file, and at once in memory


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """Rules antecedent -> consequent, from the highest metric to the lowest.

    Parameters
    ----------
    source : FrequentItemsets
        What the rules were made of, and where their counts stand.
    antecedents, consequents, itemsets : ndarray, shape (n_rules,), int64
        Indices in `source` of the two sides and of both together.
    metric : str
        The measure that they are ordered by, a key of `recsys.rules.METRICS`.
    min_threshold : float
        The smallest value of it that a rule was kept with.
    """

    source: FrequentItemsets
    antecedents: IntArray
    consequents: IntArray
    itemsets: IntArray
    metric: str
    min_threshold: float

    def __len__(self) -> int:
        return len(self.itemsets)

    def __getitem__(self, selection: slice | npt.NDArray[Any]) -> Rules:
        if isinstance(selection, int | np.integer):
            raise TypeError(f"Rules are selected by slices and arrays: rules[{selection}:{selection + 1}].")
        return replace(
            self,
            antecedents=self.antecedents[selection],
            consequents=self.consequents[selection],
            itemsets=self.itemsets[selection],
        )

    def __repr__(self) -> str:
        return f"Rules(n_rules={len(self)}, metric={self.metric!r}, min_threshold={self.min_threshold})"

    @property
    def support_counts(self) -> IntArray:
        """Number of transactions that hold all items of each rule, shape (n_rules,), int64."""
        return self.source.counts[self.itemsets]

    def top(self, k: int) -> Rules:
        """Return the k rules with the highest metric, or all if there are fewer."""
        return self[: max(k, 0)]

    def measure(self, name: str) -> npt.NDArray[np.float64]:
        """Return one measure of all rules, shape (n_rules,).

        Raises
        ------
        ParameterError
            If there is no measure of that name in `recsys.rules.METRICS`.
        """
        require_choice("name", name, METRICS)
        counts = self.source.counts
        return METRICS[name](
            self.source.n_transactions,
            counts[self.itemsets],
            counts[self.antecedents],
            counts[self.consequents],
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the frame that mlxtend's `association_rules` returns: frozensets and the 12 measures."""
        import pandas as pd

        columns: dict[str, Any] = {
            "antecedents": pd.Series(self.source.frozensets(self.antecedents), dtype=object),
            "consequents": pd.Series(self.source.frozensets(self.consequents), dtype=object),
        }
        return pd.DataFrame(columns | {MLXTEND_NAMES.get(name, name): self.measure(name) for name in METRICS})

    def to_parquet(self, path: str | Path) -> None:
        """Write the rules to a Parquet file, in their order.

        The columns are `antecedents` and `consequents` (lists of item ids), `support_count`, and the measures
        by their names. The conviction of a rule that never fails is infinite.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        import pyarrow.parquet as pq

        try:
            with pq.ParquetWriter(path, self[:0]._to_arrow().schema) as writer:
                for start in range(0, len(self), ROWS_A_GROUP):
                    writer.write_table(self[start : start + ROWS_A_GROUP]._to_arrow())
        except OSError as error:
            raise OutputError(f"The rules cannot be written to {path}: {error}.") from error

    def _to_arrow(self) -> pa.Table:
        import pyarrow as pa

        ids = pa.array(self.source.items.tolist())
        columns = {}
        for side in ("antecedents", "consequents"):
            offsets, items = self.source.flatten(getattr(self, side))
            columns[side] = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids.take(pa.array(items)))
        columns["support_count"] = pa.array(self.support_counts)
        for name in METRICS:
            columns[name] = pa.array(self.measure(name))
        return pa.table(columns)
