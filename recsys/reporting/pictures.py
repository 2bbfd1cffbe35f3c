"""Pictures of a sweep, which MLflow's UI and a README show: PNG files, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.atomic_write import atomic_open
from recsys.runs.best import best_so_far
from recsys.runs.comparison import Comparison
from recsys.runs.sweep import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREY = "#3366cc", "#c2410c", "#7c879b"
DPI = 130


def draw_search(path: Path, sweep: Sweep) -> None:
    """Draw the values of the trials and the best so far, or with several objectives the Pareto front."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4), layout="constrained")
    (_front if len(sweep.metrics) > 1 else _history)(figure.add_subplot(), sweep)
    _save(figure, path)


def draw_comparison(path: Path, comparison: Comparison, level: float) -> None:
    """Draw the main metric of each choice with its interval."""
    from matplotlib.figure import Figure

    names = list(comparison.measured)[::-1]
    intervals = [comparison.measured[name][comparison.metric] for name in names]
    figure = Figure(figsize=(7, 0.5 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    errors = [[one.value - one.low for one in intervals], [one.high - one.value for one in intervals]]
    middle = [one.value for one in intervals]
    axes.errorbar(middle, range(len(names)), xerr=errors, fmt="o", capsize=4, color=BLUE)
    axes.set_yticks(range(len(names)), names)
    _label(axes, f"{comparison.metric} on the test part, with its {level:.0%} interval", "")
    _save(figure, path)


def _history(axes: Axes, sweep: Sweep) -> None:
    numbers = [trial.number for trial in sweep.complete]
    colours = [BLUE if trial.feasible else GREY for trial in sweep.complete]
    axes.scatter(numbers, [trial.values[0] for trial in sweep.complete], c=colours, s=24, alpha=0.8)
    best = best_so_far(sweep.complete, sweep.directions[0])
    steps = [trial.number for trial, _ in best], [one.values[0] for _, one in best]
    axes.step(*steps, where="post", color=RED, label="best so far")
    axes.legend(frameon=False)
    _label(axes, "trial", sweep.metrics[0])


def _front(axes: Axes, sweep: Sweep) -> None:
    front = sorted(sweep.front, key=lambda trial: trial.values[0])
    for trials, style, colour, name in (
        (sweep.complete, "o", GREY, "trial"),
        (front, "o:", RED, "Pareto front"),
    ):
        first, second = ([trial.values[index] for trial in trials] for index in (0, 1))
        axes.plot(first, second, style, color=colour, label=name)
    axes.legend(frameon=False)
    _label(axes, *sweep.metrics[:2])


def _save(figure: Figure, path: Path) -> None:
    with atomic_open(path) as file:  # several processes may end a sweep in one folder
        figure.savefig(file, dpi=DPI)


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
