"""Compare tuned alternatives, such as recommenders, on the test part."""

from __future__ import annotations

from pathlib import Path

from optuna_sweeper.atomic_write import atomic_write
from recsys.errors import DataNotFoundError
from recsys.evaluation import Interval
from recsys.reporting.comparison_table import comparison_table, main_metric
from recsys.reporting.final import as_json, measure_trial, write_json
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
    differences to the baseline), `compare.md` and `compare.png` into the folder.

    Parameters
    ----------
    folder : Path
        The sweep's folder.
    by : str
        The parameter whose choices are compared.
    baseline : str
        The choice that the others are compared with.
    trusted : frozenset of str
        Names that the configurations of its trials may use; see `recsys.runs.stored_config.read_experiment`.

    Returns
    -------
    str
        The table, as Markdown.

    Raises
    ------
    DataNotFoundError
        If no trial has that parameter, none of the baseline is complete, or nothing was recommended.
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
    measured = {name: measurement.intervals() for name, measurement in measurements.items()}
    differences = {
        name: measurement.differences(measurements[baseline])
        for name, measurement in measurements.items()
        if name != baseline
    }
    metric = main_metric(sweep, measured)
    order = sorted(measured, key=lambda name: -measured[name][metric].value)
    table = _markdown(comparison_table(by, measured, differences, metric, baseline))
    missed = [name for name in order if not chosen[name].feasible]
    if missed:
        table += f"\n\nNo trial keeps the constraints of the objective: {', '.join(missed)}."
    write_json(folder / COMPARISON_FILE, {name: as_json(measured[name]) for name in order})
    write_json(
        folder / DIFFERENCES_FILE,
        {name: as_json(differences[name]) for name in order if name != baseline},
    )
    atomic_write(folder / COMPARISON_PAGE_FILE, _page(table, sweep, chosen, by, order, metric))
    level = measurements[baseline].evaluation.confidence_level
    label = f"{metric} on the test part, with its {level:.0%} interval"
    draw(folder / COMPARISON_FIGURE_FILE, {name: measured[name][metric] for name in order}, label)
    return table


def draw(path: Path, values: dict[str, Interval], label: str) -> None:
    """Draw one metric of each choice with its interval."""
    from matplotlib.figure import Figure

    names = list(values)[::-1]
    figure = Figure(figsize=(7, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    middle = [values[name].value for name in names]
    low = [values[name].value - values[name].low for name in names]
    high = [values[name].high - values[name].value for name in names]
    axes.errorbar(middle, range(len(names)), xerr=[low, high], fmt="o", capsize=4, color="#2563eb")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _markdown(table: list[list[str]]) -> str:
    header, *rows = table
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)


def _page(table: str, sweep: Sweep, chosen: dict[str, Trial], by: str, order: list[str], metric: str) -> str:
    params = [
        f"- {name}, trial {chosen[name].number}, {sweep.metrics[0]} {chosen[name].values[0]:.6g} on the "
        f"validation part: "
        + (
            ", ".join(f"`{key}={value}`" for key, value in chosen[name].params.items() if key != by)
            or "as it is"
        )
        for name in order
    ]
    counts = {name: sum(trial.params.get(by) == name for trial in sweep.complete) for name in order}
    tried = ", ".join(f"{name} {count}" for name, count in counts.items())
    return (
        f"# {by} compared\n\nOn the test part, all items ranked; in parentheses the bootstrap interval over "
        f"users. Differences are paired.\n\n{table}\n\n![{metric}]({COMPARISON_FIGURE_FILE})\n\n"
        f"## How each was tuned\n\nTrials: {tried}.\n\n" + "\n".join(params) + "\n\nAgain:\n\n"
        f"    {sweep.command()}\n"
    )
