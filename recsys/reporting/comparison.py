"""Compare tuned alternatives, such as recommenders, on the test part."""

from collections import Counter
from pathlib import Path

from optuna_sweeper.atomic_write import atomic_write
from recsys.errors import DataNotFoundError
from recsys.evaluation import Interval
from recsys.reporting.comparison_table import Comparison
from recsys.reporting.final import measure_trial
from recsys.reporting.page import template
from recsys.runs.best import best_of_each
from recsys.runs.files import COMPARISON_FIGURE_FILE, COMPARISON_PAGE_FILE
from recsys.runs.refit import Measurement
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial


def compare(
    folder: Path,
    by: str = "recommender",
    baseline: str = "popularity",
    trusted: frozenset[str] = frozenset(),
) -> str:
    """Compare the best trials of each choice on the test part.

    Each choice is refitted on the training and the validation part, with the parameters that were best on the
    validation part, and measured on the test part. Differences are paired by user.

    Writes `compare.json` (`{choice: {metric: {value, low, high}}}`), `compare_differences.json` (the
    differences to the baseline), `compare.md` and `compare.png` into the sweep's folder, and returns the
    table as Markdown. DataNotFoundError is raised if no trial with the baseline is complete, or nothing was
    recommended. `by` and `baseline` as for `CompareCallback`, `trusted` as for `read_experiment`.
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
    table = _markdown(comparison.table())
    if missed := [name for name in comparison.measured if not chosen[name].feasible]:
        table += f"\n\nNo trial keeps the constraints of the objective: {', '.join(missed)}."
    comparison.write(folder)
    atomic_write(folder / COMPARISON_PAGE_FILE, _page(table, sweep, chosen, comparison))
    metric, level = comparison.metric, theirs.evaluation.confidence_level
    values = {name: found[metric] for name, found in comparison.measured.items()}
    draw(folder / COMPARISON_FIGURE_FILE, values, f"{metric} on the test part, with its {level:.0%} interval")
    return table


def draw(path: Path, values: dict[str, Interval], label: str) -> None:
    """Draw one metric of each choice with its interval."""
    from matplotlib.figure import Figure

    names, intervals = list(values)[::-1], list(values.values())[::-1]
    figure = Figure(figsize=(7, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    errors = [[one.value - one.low for one in intervals], [one.high - one.value for one in intervals]]
    middle = [one.value for one in intervals]
    axes.errorbar(middle, range(len(names)), xerr=errors, fmt="o", capsize=4, color="#2563eb")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _markdown(table: list[list[str]]) -> str:
    header, *rows = table
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))


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
