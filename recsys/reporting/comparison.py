"""Compare tuned alternatives, such as recommenders, on the test part."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from optuna_sweeper.atomic_write import atomic_write
from recsys.errors import DataNotFoundError
from recsys.metrics import DECIMALS, LIST_METRICS, NDCG
from recsys.reporting.final import Intervals, measure_trial, read_intervals, write_intervals
from recsys.reporting.page import template
from recsys.runs.best import best_of_each
from recsys.runs.files import (
    COMPARISON_FIGURE_FILE,
    COMPARISON_FILE,
    COMPARISON_PAGE_FILE,
    DIFFERENCES_FILE,
)
from recsys.runs.refit import Measurement
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial


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


def compare(folder: Path, by: str, baseline: str, trusted: frozenset[str]) -> str:
    """Compare the best trials of each choice on the test part.

    Each choice is refitted on the training and the validation part, with the parameters that were best on the
    validation part, and measured on the test part. Differences are paired by user.

    Writes `compare.json` and `compare_differences.json` (the differences to the baseline), `compare.md` and
    `compare.png` into the sweep's folder, and returns the table as Markdown. DataNotFoundError is raised if
    no trial with the baseline is complete, or nothing was recommended. `by` and `baseline` as for
    `CompareCallback`, `trusted` as for `read_experiment`.
    """
    sweep = read_sweep(folder)
    chosen = best_of_each(sweep.trials, by, sweep.directions)
    if baseline not in chosen:
        found = ", ".join(chosen) or "none"
        raise DataNotFoundError(f"There is no complete trial with {by}={baseline} (complete: {found}).")
    measurements: dict[str, Measurement] = {}
    for name, trial in chosen.items():
        measurement = measure_trial(sweep, trial, trusted)
        if measurement is None:
            cure = "Set evaluation=temporal, or evaluation=random for data without times."
            raise DataNotFoundError(f"evaluation=none measures no recommendations. {cure}")
        measurements[name] = measurement
    theirs = measurements[baseline]
    measured = {name: one.intervals() for name, one in measurements.items()}
    differences = {name: one.differences(theirs) for name, one in measurements.items() if one is not theirs}
    comparison = Comparison.of(sweep, by, measured, differences)
    write_intervals(folder / COMPARISON_FILE, comparison.measured)
    write_intervals(folder / DIFFERENCES_FILE, differences)
    header, *rows = comparison.table()
    table = "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))
    if missed := [name for name in comparison.measured if not chosen[name].feasible]:
        table += f"\n\nNo trial keeps the constraints of the objective: {', '.join(missed)}."
    atomic_write(folder / COMPARISON_PAGE_FILE, _page(table, sweep, chosen, comparison))
    _draw(folder / COMPARISON_FIGURE_FILE, comparison, theirs.evaluation.confidence_level)
    return table


def _draw(path: Path, comparison: Comparison, level: float) -> None:
    """Draw the main metric of each choice with its interval."""
    from matplotlib.figure import Figure

    names = list(comparison.measured)[::-1]
    intervals = [comparison.measured[name][comparison.metric] for name in names]
    figure = Figure(figsize=(7, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    errors = [[one.value - one.low for one in intervals], [one.high - one.value for one in intervals]]
    middle = [one.value for one in intervals]
    axes.errorbar(middle, range(len(names)), xerr=errors, fmt="o", capsize=4, color="#2563eb")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(f"{comparison.metric} on the test part, with its {level:.0%} interval")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _page(table: str, sweep: Sweep, chosen: dict[str, Trial], comparison: Comparison) -> str:
    by = comparison.by
    n_trials = Counter(trial.params.get(by) for trial in sweep.complete)
    params = {
        name: ", ".join(f"`{key}={value}`" for key, value in trial.params.items() if key != by)
        for name, trial in chosen.items()
    }
    counts = ", ".join(f"{name} {n_trials[name]}" for name in comparison.measured)
    facts = {"comparison": comparison, "sweep": sweep, "chosen": chosen, "counts": counts, "params": params}
    return template("compare.md.jinja").render(facts, table=table, figure=COMPARISON_FIGURE_FILE)
