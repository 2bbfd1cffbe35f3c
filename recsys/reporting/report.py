"""The report of a sweep: one file, `report.html`, that needs no network."""

from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write
from recsys.evaluation import Interval
from recsys.metrics import DECIMALS, LIST_METRICS, SHORT
from recsys.reporting.figures import main_figure, search_figures
from recsys.reporting.page import Code, Section, Table, render
from recsys.reporting.pictures import draw_search
from recsys.reporting.rule_figures import rule_figures
from recsys.runs.comparison import Comparison
from recsys.runs.files import REPORT_FILE, SEARCH_FIGURE_FILE, SLICES_FILE, TEST_FILE
from recsys.runs.intervals import Intervals, read_intervals
from recsys.runs.json_file import read_json
from recsys.runs.summary import counts, on_test, outcome, searched
from recsys.runs.sweep import Sweep, read_sweep

SHOWN = 10  # trials, and reasons of failures

ONCE = "measured once, after the search, on data that no trial has used; fitted on all the rest."
COMPARED = (
    f"The best trial of each, {ONCE} All items are ranked. In parentheses the bootstrap interval over users; "
    "differences are paired."
)
REPEATS = (
    "What the user has had before, and what is new to the user, each as the only targets of the users who "
    "have such. The share of repeats is that of the lists."
)
PAIRS = (
    "The interval is that of each pair alone. The p-value is that of the paired t-test by user, with Holm's "
    "correction for all pairs; values below 0.05 are significant at the 5% level."
)
SLICES = (
    "NDCG of users by the length of their visible history, and the share of what is held out that is in the "
    "lists, by its popularity; on the test part."
)
ON_TEST = f"The chosen trials, {ONCE} In parentheses the bootstrap interval over users."


def write_report(folder: Path) -> Path:
    """Write the report of a sweep into its folder, replacing an earlier one atomically; return its path.

    A comparison has a picture already; of other sweeps with complete trials, `search.png` is drawn.

    Raises
    ------
    DataNotFoundError
        If the folder is not that of a sweep.
    """
    path, sweep = folder / REPORT_FILE, read_sweep(folder)
    name = sweep.results.get("study_name") or "/".join(folder.parts[-2:])
    comparison = Comparison.read(sweep)
    atomic_write(path, render(f"Sweep {name}", _opening(sweep, comparison), _sections(sweep, comparison)))
    if sweep.complete and comparison is None:
        draw_search(folder / SEARCH_FIGURE_FILE, sweep)
    return path


def _opening(sweep: Sweep, comparison: Comparison | None) -> Section:
    """Say what was searched on which data and what won by how much, and show it."""
    main, more = (outcome(sweep), on_test(sweep))
    if comparison is not None:
        main, more = comparison.sentence(), main
    lines = [f"{searched(sweep)} {main}", *([more] if more else [])]
    figures = [main_figure(sweep, comparison)] if sweep.complete else []
    return Section("Outcome", figures=figures, lines=lines)


def _sections(sweep: Sweep, comparison: Comparison | None) -> list[Section]:
    sections = [_trials(sweep), _reproduce(sweep)]
    if comparison is not None:
        repeats = comparison.table_of_repeats()
        title = f"Comparison by {comparison.by} on the test part"
        sections[:0] = [
            Section(title, COMPARED, table=comparison.table()),
            *([Section("Repeats and new items", REPEATS, table=repeats)] if repeats else []),
            Section("All pairs", PAIRS, table=comparison.table_of_pairs()),
        ]
    elif measured := read_intervals(sweep.folder / TEST_FILE):
        table, rest = _on_test(measured, sweep.metrics)
        sections.append(Section("On the test part", ON_TEST, table=table, rest=rest))
    if slices := read_json(sweep.folder / SLICES_FILE):
        sections.append(Section("By users and items", SLICES, table=_by_slice(slices)))
    if sweep.complete:
        sections += [*search_figures(sweep, comparison), *rule_figures(sweep)]
    if config := sweep.best_config():
        code = Code("Composed, as in .hydra/config.yaml", config)
        sections.append(Section("Configuration of the best trial", codes=[code]))
    return sections


def _trials(sweep: Sweep) -> Section:
    lines = [counts(sweep)]
    if not sweep.complete:
        reasons = {trial.fail_reason for trial in sweep.trials if trial.fail_reason}
        return Section("Trials", lines=[*lines, *sorted(reasons)[:SHOWN]])
    if missed := sum(not trial.feasible for trial in sweep.complete):
        lines.append(f"{missed} of the complete trials miss a constraint and cannot be the best.")
    if others := sum(trial.other_identity for trial in sweep.trials):
        lines.append(f"{others} trials were run for another configuration or other data, and are left out.")
    return Section("Best trials", lines=lines, table=_best_trials(sweep))


def _best_trials(sweep: Sweep) -> list[list[str]]:
    shown = sweep.ranked[:SHOWN]
    names = list(dict.fromkeys(name for trial in shown for name in trial.params))
    rows = [
        [str(trial.number), *(f"{value:{SHORT}}" for value in trial.values)]
        + [_short(trial.params.get(name, "")) for name in names]
        for trial in shown
    ]
    return [["trial", *sweep.metrics, *names], *rows]


def _short(text: str) -> str:
    try:
        return f"{float(text):{SHORT}}"
    except ValueError:
        return text


def _reproduce(sweep: Sweep) -> Section:
    codes = [Code("The sweep", sweep.command())]
    if sweep.best_folder is not None:
        codes.append(Code("The best trial by itself", sweep.best_command()))
    return Section("Reproduce", codes=codes)


def _by_slice(slices: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    of_trials = [{(one["name"], one["metric"]): one for one in found} for found in slices.values()]
    numbers = {key: one["n"] for found in of_trials for key, one in found.items()}
    rows = []
    for (name, metric), n in numbers.items():
        values = (found.get((name, metric)) for found in of_trials)
        cells = (f"{Interval(**one['value']):{DECIMALS}}" if one else "" for one in values)
        rows.append([name, f"{n:,}", metric, *cells])
    return [["", "number", "metric", *(f"trial {number}" for number in slices)], *rows]


def _on_test(measured: dict[str, Intervals], objectives: list[str]) -> tuple[Table, Table]:
    """Return a table of the main metrics, the objectives first, and one of all others."""
    header = ["metric", *(f"trial {number}" for number in measured)]
    names = dict.fromkeys(name for found in measured.values() for name in found if "@" in name)
    rows = {
        name: [name, *(f"{found[name]:{DECIMALS}}" if name in found else "" for found in measured.values())]
        for name in names
    }
    main = [name for name in dict.fromkeys([*objectives, *LIST_METRICS]) if name in rows]
    others = [row for name, row in rows.items() if name not in main]
    return [header, *(rows[name] for name in main)], [header, *others] if others else []
