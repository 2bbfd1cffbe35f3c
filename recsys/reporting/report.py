"""`report.html`: a sweep on one page, in one file that needs no network."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.atomic_write import atomic_write
from recsys.evaluation import Interval
from recsys.reporting import page
from recsys.reporting.captions import lift_and_lists_caption
from recsys.reporting.columns import columns_of
from recsys.reporting.comparison_table import read_comparison
from recsys.runs.files import REPORT_FILE, TEST_FILE
from recsys.runs.sweep import Sweep, read_sweep
from recsys.runs.trials import read_json

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHOWN = 10  # trials and rules in tables
LISTS = "ndcg@10"  # what the lift is held against

COMPARED = (
    "The best trial of each, measured once on likes that no trial has seen; learnt from all the rest. All "
    "items are ranked. In parentheses the bootstrap interval over users; differences are paired."
)
ON_TEST = (
    "Measured once, after the search, on likes that no trial has seen; learnt from all the rest. In "
    "parentheses the bootstrap interval over users."
)

IMPORTANCE = (
    "How much of the objective each parameter explains by itself: the share of the variance of the trials' "
    "ranks that lies between groups of the parameter's values (epsilon squared of Kruskal and Wallis). "
    "Effects of parameters together are not in it."
)


def write_report(folder: Path) -> Path:
    """Write the report of a sweep into its folder, replacing an earlier one in one step; return its path.

    Raises
    ------
    FileNotFoundError
        If the folder is not that of a sweep.
    """
    path = folder / REPORT_FILE
    atomic_write(path, render(read_sweep(folder)))
    return path


def render(sweep: Sweep) -> str:
    """Return the page."""
    sections = [page.section("Summary", _summary(sweep)), page.section("Reproduce", _reproduce(sweep))]
    measured, compared = read_json(sweep.folder / TEST_FILE), read_comparison(sweep)
    if compared:
        header, *rows = compared
        body = page.note(COMPARED) + page.table(header, rows)
        sections.insert(0, page.section(f"Comparison by {header[0]} on the test part", body))
    elif measured:
        sections.append(page.section("On the test part", _on_test(measured)))
    if sweep.complete:
        sections += _figures(sweep)
    config = sweep.best_config()
    if config:
        sections.append(page.section("Configuration of the best trial", page.code(config)))
    name = sweep.results.get("study_name") or "/".join(sweep.folder.parts[-2:])
    return page.page(f"Sweep {name}", sections)


def _figures(sweep: Sweep) -> list[str]:
    from recsys.reporting import figures

    made: list[tuple[str, str, go.Figure]] = [("Optimisation history", "", figures.history(sweep))]
    if len(sweep.metrics) > 1:
        made.append(("Pareto front", "", figures.pareto_front(sweep)))
    if columns_of(sweep):
        made.append(("Importance of parameters", IMPORTANCE, figures.importances(sweep)))
        made.append(("Slices", "", figures.slices(sweep)))
        hint = "Drag along an axis to select trials."
        made.append(("Parallel coordinates", hint, figures.parallel_coordinates(sweep)))
    points = sweep.lift_and(LISTS)
    if len(points) > 1:
        caption = lift_and_lists_caption(points, LISTS)
        made.append(("Lift and lists", caption, figures.lift_and_lists(points, LISTS)))
    sections = [page.section(title, page.note(note) + page.figure(drawn)) for title, note, drawn in made]
    rules = sweep.rules()
    if rules and sweep.best is not None:
        note = f"The {len(rules):,} best rules. Equal ones are one point; its titles show under the pointer."
        body = page.note(note) + page.figure(figures.rules(rules)) + _rules_table(rules)
        sections.append(page.section(f"Rules of trial {sweep.best.number}", body))
    return sections


def _summary(sweep: Sweep) -> str:
    counts = Counter(trial.state for trial in sweep.trials)
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    text = f"<p>{len(sweep.trials)} trials: {escape(states) or 'none'}.</p>"
    if not sweep.complete:
        reasons = {trial.fail_reason for trial in sweep.trials if trial.fail_reason}
        return text + "".join(f"<p>{escape(reason)}</p>" for reason in sorted(reasons)[:SHOWN])
    if len(sweep.metrics) == 1 and sweep.best is not None:
        text += (
            f"<p class=best>{escape(sweep.metrics[0])} <b>{sweep.best.values[0]:.10g}</b> "
            f"in trial {sweep.best.number}</p>"
        )
    sign = 1 if sweep.directions[0] == "maximize" else -1
    unfeasible = sum(not trial.feasible for trial in sweep.complete)
    if unfeasible:
        text += f"<p>{unfeasible} of the complete trials miss a constraint; none of them is called best.</p>"
    others = sum(trial.other_identity for trial in sweep.trials)
    if others:
        text += f"<p>{others} trials were run for another configuration or other data, and are left out.</p>"
    shown = sorted(
        sweep.front if len(sweep.metrics) > 1 else (trial for trial in sweep.complete if trial.feasible),
        key=lambda trial: (-sign * trial.values[0], trial.number),
    )[:SHOWN]
    names = list(dict.fromkeys(name for trial in shown for name in trial.params))
    rows = [
        [str(trial.number), *(f"{value:.6g}" for value in trial.values)]
        + [_short(trial.params.get(name, "")) for name in names]
        for trial in shown
    ]
    return text + page.table(["trial", *sweep.metrics, *names], rows)


def _on_test(measured: dict[str, dict[str, dict[str, float]]]) -> str:
    """What was chosen, on the test part."""
    names = list(dict.fromkeys(name for found in measured.values() for name in found if "@" in name))
    rows = [
        [name, *(f"{Interval(**found[name]):.4f}" if name in found else "" for found in measured.values())]
        for name in names
    ]
    return page.note(ON_TEST) + page.table(["metric", *(f"trial {number}" for number in measured)], rows)


def _reproduce(sweep: Sweep) -> str:
    text = page.note("The sweep:") + page.code(sweep.command())
    if sweep.best_folder is not None:
        text += page.note("The best trial by itself:") + page.code(sweep.best_command())
    return text


def _rules_table(rules: list[dict[str, str]]) -> str:
    measures = ("support", "confidence", "lift")
    rows = [
        [f"{row['antecedents']} → {row['consequents']}", *(f"{float(row[name]):.4g}" for name in measures)]
        for row in rules[:SHOWN]
    ]
    return page.table(["rule", *measures], rows)


def _short(text: str) -> str:
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text
