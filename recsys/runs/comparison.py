"""Metrics of compared alternatives: their files and their tables."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from recsys.evaluation import Interval, PairedDifference
from recsys.metrics import DECIMALS, DIRECTIONS, LIST_METRICS, NDCG, OF_EACH, REPEAT_SHARE
from recsys.runs.files import COMPARISON_FILE, DIFFERENCES_FILE, PAIRS_FILE
from recsys.runs.intervals import Intervals, read_intervals, write_intervals
from recsys.runs.json_file import read_json, write_json
from recsys.runs.sweep import Sweep

LEVEL = 0.05  # of the p-values


@dataclass(frozen=True)
class Comparison:
    """Metrics of each choice of a parameter on the test part."""

    by: str
    metric: str  # the objective, if it is a metric of recommendations
    measured: dict[str, Intervals]  # by choice
    differences: dict[str, Intervals]  # of each other choice to the baseline
    pairs: list[PairedDifference]  # of all choices, by the metric

    @classmethod
    def read(cls, sweep: Sweep) -> Self | None:
        """Read the comparison in the folder of a sweep; None if there is none."""
        measured = read_intervals(sweep.folder / COMPARISON_FILE)
        differences = read_intervals(sweep.folder / DIFFERENCES_FILE)
        by = sweep.config.get("hydra", {}).get("callbacks", {}).get("compare", {}).get("by", "recommender")
        if len(measured.keys() - differences.keys()) != 1:
            return None
        pairs = [
            PairedDifference(**one | {"difference": Interval(**one["difference"])})
            for one in read_json(sweep.folder / PAIRS_FILE).get("pairs", [])
        ]
        metric = main_metric(sweep, set.intersection(*map(set, differences.values())))
        return cls(by, metric, best_first(sweep, measured, metric), differences, pairs)

    def write(self, folder: Path) -> None:
        """Write the metrics and the differences into the folder of a sweep."""
        write_intervals(folder / COMPARISON_FILE, self.measured)
        write_intervals(folder / DIFFERENCES_FILE, self.differences)
        pairs = [asdict(one) for one in self.pairs]
        write_json(folder / PAIRS_FILE, {"metric": self.metric, "pairs": pairs})

    @property
    def baseline(self) -> str:
        """The choice that the others are compared with."""
        (baseline,) = self.measured.keys() - self.differences.keys()
        return baseline

    def sentence(self) -> str:
        """Return which choice has the best value, and its difference to the next and to the baseline."""
        (best, *others), metric = self.measured, self.metric
        value = f"{metric} {self.measured[best][metric]:{DECIMALS}}"
        of = f"of the {len(self.measured)} values of {self.by}"
        text = f"On the test part {best} comes first {of}, with {value}."
        if pair := self._pair(best, others[0]):
            verdict = "which is significant" if pair.p_value < LEVEL else "which chance may explain"
            text += f" The difference to {others[0]}, the next, is {pair.difference:+{DECIMALS}}, {verdict}."
        if best == self.baseline:
            text += " It is the baseline: nothing surpasses it."
        elif self.baseline != others[0] or pair is None:
            difference = self.differences[best][metric]
            text += f" The difference to {self.baseline}, the baseline, is {difference:+{DECIMALS}}."
        return text

    def _pair(self, first: str, second: str) -> PairedDifference | None:
        named = (pair for pair in self.pairs if (pair.first, pair.second) == (first, second))
        return next(named, None)

    def table_of_repeats(self) -> list[list[str]]:
        """Return a header and one row for each choice: repeats and new items apart; empty if not measured."""
        if not all(name in self.measured[self.baseline] for name in OF_EACH):
            return []
        columns = [column for name in OF_EACH for column in (name, f"{name} minus {self.baseline}")]
        rows = [[self.by, *columns, REPEAT_SHARE]]
        for name, found in self.measured.items():
            row = [name]
            for metric in OF_EACH:
                difference = self.differences.get(name, {}).get(metric)
                row += [f"{found[metric]:{DECIMALS}}", f"{difference:+{DECIMALS}}" if difference else ""]
            rows.append([*row, f"{found[REPEAT_SHARE].value:{DECIMALS}}"])
        return rows

    def table_of_pairs(self) -> list[list[str]]:
        """Return a header and one row for each pair."""
        rows = [[f"difference of {self.metric}", "first minus second", "p-value (Holm)"]]
        for pair in self.pairs:
            p_value = "< 0.001" if pair.p_value < 0.001 else f"{pair.p_value:.3f}"
            rows.append([f"{pair.first} and {pair.second}", f"{pair.difference:+{DECIMALS}}", p_value])
        return rows

    def table(self) -> list[list[str]]:
        """Return a header and one row for each choice."""
        baseline = self.baseline
        others = [name for name in LIST_METRICS if name != self.metric and name in self.measured[baseline]]
        rows = [[self.by, self.metric, f"{self.metric} minus {baseline}", *others]]
        for name, found in self.measured.items():
            difference = f"{self.differences[name][self.metric]:+{DECIMALS}}" if name != baseline else ""
            values = (f"{found[other].value:{DECIMALS}}" for other in others)
            rows.append([name, f"{found[self.metric]:{DECIMALS}}", difference, *values])
        return rows


def main_metric(sweep: Sweep, of_users: Collection[str]) -> str:
    """Return the objective if it has a value for each user, otherwise NDCG."""
    if sweep.metrics[0] in of_users:
        return sweep.metrics[0]
    cutoffs = [int(name.partition("@")[2]) for name in of_users if name.startswith("ndcg@")]
    return NDCG if NDCG in of_users else f"ndcg@{max(cutoffs)}"


def best_first(sweep: Sweep, measured: Mapping[str, Intervals], metric: str) -> dict[str, Intervals]:
    """Return the choices in the order of a metric; the direction is that of the objective."""
    sign = DIRECTIONS[sweep.directions[0]] if metric == sweep.metrics[0] else 1
    return dict(sorted(measured.items(), key=lambda item: -sign * item[1][metric].value))
