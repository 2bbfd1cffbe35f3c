"""Metrics of compared alternatives: their files and their table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from recsys.metrics import DECIMALS, LIST_METRICS, NDCG
from recsys.reporting.intervals import Intervals, read_intervals, write_intervals
from recsys.runs.files import COMPARISON_FILE, DIFFERENCES_FILE
from recsys.runs.sweep import Sweep


@dataclass(frozen=True)
class Comparison:
    """Metrics of each choice of a parameter on the test part."""

    by: str
    metric: str  # the objective, if it is a metric of recommendations
    measured: dict[str, Intervals]  # by choice
    differences: dict[str, Intervals]  # of each other choice to the baseline

    @classmethod
    def of(
        cls, sweep: Sweep, by: str, measured: dict[str, Intervals], differences: dict[str, Intervals]
    ) -> Self:
        """Compare by the objective of a sweep, the best choice first."""
        is_measured = all(sweep.metrics[0] in found for found in measured.values())
        metric = sweep.metrics[0] if is_measured else NDCG
        order = sorted(measured, key=lambda name: -measured[name][metric].value)
        return cls(by, metric, {name: measured[name] for name in order}, differences)

    @classmethod
    def read(cls, sweep: Sweep) -> Self | None:
        """Read the comparison in the folder of a sweep; None if there is none."""
        measured = read_intervals(sweep.folder / COMPARISON_FILE)
        differences = read_intervals(sweep.folder / DIFFERENCES_FILE)
        by = sweep.config.get("hydra", {}).get("callbacks", {}).get("compare", {}).get("by", "recommender")
        is_whole = len(measured.keys() - differences.keys()) == 1
        return cls.of(sweep, by, measured, differences) if is_whole else None

    def write(self, folder: Path) -> None:
        """Write the metrics and the differences into the folder of a sweep."""
        write_intervals(folder / COMPARISON_FILE, self.measured)
        write_intervals(folder / DIFFERENCES_FILE, self.differences)

    def table(self) -> list[list[str]]:
        """Return a header and one row for each choice."""
        (baseline,) = self.measured.keys() - self.differences.keys()
        others = [name for name in LIST_METRICS if name != self.metric and name in self.measured[baseline]]
        rows = [[self.by, self.metric, *others, f"{self.metric} less {baseline}"]]
        for name, found in self.measured.items():
            difference = f"{self.differences[name][self.metric]:+{DECIMALS}}" if name != baseline else ""
            values = (f"{found[other].value:{DECIMALS}}" for other in others)
            rows.append([name, f"{found[self.metric]:{DECIMALS}}", *values, difference])
        return rows
