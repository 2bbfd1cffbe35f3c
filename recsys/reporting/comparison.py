"""Compare tuned alternatives, such as recommenders, on the test part."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from optuna_sweeper.atomic_write import atomic_write
from recsys.errors import DataNotFoundError
from recsys.evaluation import pairwise_differences
from recsys.reporting.final import measure_trial
from recsys.reporting.page import template
from recsys.reporting.pictures import draw_comparison
from recsys.runs.best import best_of_each
from recsys.runs.comparison import Comparison, best_first, main_metric
from recsys.runs.files import COMPARISON_FIGURE_FILE, COMPARISON_PAGE_FILE
from recsys.runs.refit import Measurement
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import Trial


def compare(folder: Path, by: str, baseline: str, trusted: frozenset[str]) -> str:
    """Compare the best trials of each choice on the test part.

    Each choice is refitted on the training and the validation part, with the parameters that were best on the
    validation part, and measured on the test part. Differences are paired by user.

    Writes `compare.json`, `compare_differences.json` (the differences to the baseline), `compare_pairs.json`
    (those of all pairs by the main metric), `compare.md` and `compare.png` into the sweep's folder, and
    returns the table as Markdown. DataNotFoundError is raised if no trial with the baseline is complete, or
    nothing was recommended. `by` and `baseline` as for `CompareCallback`, `trusted` as for `read_experiment`.
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
            message = "evaluation=none measures no recommendations. Set evaluation=auto."
            raise DataNotFoundError(message)
        measurements[name] = measurement
    comparison = _comparison(sweep, by, measurements, baseline)
    comparison.write(folder)
    table = _markdown(comparison.table())
    if missed := [name for name in comparison.measured if not chosen[name].feasible]:
        table += f"\n\nNo trial keeps the constraints of the objective: {', '.join(missed)}."
    atomic_write(folder / COMPARISON_PAGE_FILE, _page(table, sweep, chosen, comparison))
    draw_comparison(
        folder / COMPARISON_FIGURE_FILE, comparison, measurements[baseline].evaluation.confidence_level
    )
    return table


def _comparison(sweep: Sweep, by: str, measurements: Mapping[str, Measurement], baseline: str) -> Comparison:
    """Compare by the objective of a sweep, the best choice first."""
    measured = {name: one.intervals() for name, one in measurements.items()}
    theirs = measurements[baseline]
    of_users = set.intersection(*(set(one.ranking.per_user) for one in measurements.values()))
    metric = main_metric(sweep, of_users)
    measured = best_first(sweep, measured, metric)
    differences = {name: measurements[name].differences(theirs) for name in measured if name != baseline}
    rankings = {name: measurements[name].ranking for name in measured}
    pairs = pairwise_differences(rankings, metric, *theirs.resampling)
    return Comparison(by, metric, measured, differences, pairs)


def _page(table: str, sweep: Sweep, chosen: dict[str, Trial], comparison: Comparison) -> str:
    by = comparison.by
    n_trials = Counter(trial.params.get(by) for trial in sweep.complete)
    params = {
        name: ", ".join(f"`{key}={value}`" for key, value in trial.params.items() if key != by)
        for name, trial in chosen.items()
    }
    counts = ", ".join(f"{name} {n_trials[name]}" for name in comparison.measured)
    facts = {"comparison": comparison, "sweep": sweep, "chosen": chosen, "counts": counts, "params": params}
    pairs = _markdown(comparison.table_of_pairs())
    repeats = comparison.table_of_repeats()
    tables = {"table": table, "pairs": pairs, "repeats": _markdown(repeats) if repeats else None}
    return template("compare.md.jinja").render(facts, **tables, figure=COMPARISON_FIGURE_FILE)


def _markdown(table: list[list[str]]) -> str:
    header, *rows = table
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows))
