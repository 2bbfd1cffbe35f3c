"""Figures of a search, as users of Optuna know them, with their titles and captions."""

import math
from html import escape
from typing import Any

import numpy as np

from recsys.reporting.columns import Column, columns, importance
from recsys.reporting.layout import BLUE, COLOURS, GREY, RED, short_names, title
from recsys.reporting.page import Figure, Section
from recsys.runs.best import best_so_far
from recsys.runs.comparison import Comparison
from recsys.runs.summary import as_text
from recsys.runs.sweep import Sweep
from recsys.runs.trials import Trial

PER_AXIS = 110  # pixels of an axis of parallel coordinates, at least
LONGEST = 20  # letters of a value on an axis
MAX_TICKS = 6  # of a logarithmic axis; of more, only powers of ten

IMPORTANCE = (
    "How much of the objective each parameter explains by itself: the share of the variance of the trials' "
    "ranks that lies between groups of the parameter's values (epsilon squared of Kruskal and Wallis). "
    "Interactions of parameters are not included."
)
SLICES = "Each trial by each parameter; the later the trial, the nearer to orange."
PARALLEL = "Each line is a trial. Drag along an axis to select trials."


def main_figure(sweep: Sweep, comparison: Comparison | None) -> Figure:
    """Return the figure that shows the outcome of a sweep that has complete trials."""
    if comparison is not None:
        return compared(comparison)
    return pareto_front(sweep) if len(sweep.metrics) > 1 else history(sweep)


def search_figures(sweep: Sweep, comparison: Comparison | None) -> list[Section]:
    """Return the figures of a sweep that has complete trials, without the main one."""
    sections = []
    if comparison is not None or len(sweep.metrics) > 1:
        sections.append(Section("Optimisation history", figures=[history(sweep)]))
    if comparison is not None and len(sweep.metrics) > 1:
        sections.append(Section("Pareto front", figures=[pareto_front(sweep)]))
    if found := columns(sweep.complete, sweep.log_parameters):
        sections += [
            Section("Importance of parameters", IMPORTANCE, [importances(sweep, found)]),
            Section("Slices", SLICES, slices(sweep, found)),
            Section("Parallel coordinates", PARALLEL, [parallel_coordinates(sweep, found)]),
        ]
    return sections


def compared(comparison: Comparison) -> Figure:
    """Show the main metric of each choice with its interval, the best at the top."""
    metric = comparison.metric
    found = [(name, values[metric]) for name, values in comparison.measured.items()]
    middle = [interval.value for _, interval in found]
    high, low = ([one.high - one.value for _, one in found], [one.value - one.low for _, one in found])
    points = {
        "type": "scatter", "x": middle, "y": [name for name, _ in found], "mode": "markers",
        "marker": {"color": BLUE, "size": 9}, "name": metric,
        "error_x": {"array": high, "arrayminus": low, "color": BLUE},
        "hovertemplate": "%{y}: %{x:.4f}<extra></extra>",
    }  # fmt: skip
    layout = {
        "height": 90 + 34 * len(found), "xaxis": {"title": title(f"{metric} on the test part")},
        "yaxis": {"autorange": "reversed", "type": "category"},
    }  # fmt: skip
    values = "; ".join(f"{name} {interval:.4f}" for name, interval in found)
    return Figure([points], layout, f"{metric} of each {comparison.by} on the test part: {values}.")


def history(sweep: Sweep) -> Figure:
    """Show the values of each trial, and the best so far."""
    data = []
    for row, metric in enumerate(sweep.metrics, start=1):
        data.append({
            "type": "scatter", "x": _numbers(sweep), "y": _values(sweep, row), "mode": "markers",
            "name": "trial", "text": list(map(_label, sweep.complete)), "showlegend": row == 1,
            "marker": {
                "color": [BLUE if trial.feasible else GREY for trial in sweep.complete], "size": 7,
                "opacity": 0.75,
            },
            "hovertemplate": f"{metric} %{{y:.6g}}, %{{text}}<extra></extra>", "yaxis": _axis("y", row),
        })  # fmt: skip
    description = f"{' and '.join(sweep.metrics)} of each trial."
    if len(sweep.metrics) == 1 and (pairs := best_so_far(sweep.complete, sweep.directions[0])):
        data.append({
            "type": "scatter", "x": [trial.number for trial, _ in pairs],
            "y": [best.values[0] for _, best in pairs], "mode": "lines", "name": "best so far",
            "line": {"color": RED, "shape": "hv"}, "hoverinfo": "skip",
        })  # fmt: skip
        description += f" The best so far goes {_improvements(sweep, [best for _, best in pairs])}."
    if lost := [trial for trial in sweep.trials if trial.state in ("fail", "pruned")]:
        lowest = min(_values(sweep, 1), default=0)  # they have no value of their own
        data.append({
            "type": "scatter", "x": [trial.number for trial in lost], "y": [lowest] * len(lost),
            "mode": "markers", "name": "failed or pruned",
            "marker": {"symbol": "x", "color": GREY, "size": 8},
            "text": [escape(f"{trial.state}: {trial.fail_reason or ''}") for trial in lost],
            "hovertemplate": "trial %{x} %{text}<extra></extra>",
        })  # fmt: skip
    rows = dict(enumerate(sweep.metrics, start=1))
    axes = {_axis("yaxis", row): {"title": title(name)} for row, name in rows.items()}
    grid = {"rows": len(rows), "columns": 1, "subplots": [[f"x{_axis('y', row)}"] for row in rows]}
    layout = {"height": 180 + 160 * len(rows), "grid": grid, "xaxis": {"title": title("trial")}, **axes}
    return Figure(data, layout, description)


def _improvements(sweep: Sweep, best: list[Trial]) -> str:
    first, last = best[0], best[-1]
    start, end = (as_text(trial.values[0], sweep.metrics[0]) for trial in (first, last))
    return f"from {start} in trial {first.number} to {end} in trial {last.number}"


def importances(sweep: Sweep, columns: list[Column]) -> Figure:
    """Show the importance of each parameter."""
    data, descriptions, short = [], [], short_names([column.name for column in columns])
    for row, metric in enumerate(sweep.metrics, start=1):
        shares = {column.name: importance(column, _values(sweep, row)) for column in columns}
        names = sorted(shares, key=lambda name: shares[name])
        data.append({
            "type": "bar", "x": [shares[name] for name in names], "y": [short[name] for name in names],
            "orientation": "h", "name": metric, "text": [f"{shares[name]:.2f}" for name in names],
            "textposition": "auto", "marker": {"color": BLUE if row == 1 else RED}, "hovertext": names,
            "hovertemplate": "%{hovertext}: %{x:.2f}<extra></extra>",
        })  # fmt: skip
        values = ", ".join(f"{name} {shares[name]:.2f}" for name in reversed(names))
        descriptions.append(f"Importance for {metric}: {values}.")
    height = 90 + 30 * len(columns) * len(sweep.metrics) ** 0.5
    axis = {"title": title("share of the variance"), "range": [0, 1.02]}
    layout = {"height": height, "xaxis": axis, "yaxis": {"type": "category"}}
    return Figure(data, layout, " ".join(descriptions))


def slices(sweep: Sweep, columns: list[Column]) -> list[Figure]:
    """Show each objective by each parameter, in a figure of its own; the later the trial, the brighter."""
    numbers, short = _numbers(sweep), short_names([column.name for column in columns])
    figures = []
    for row, metric in enumerate(sweep.metrics, start=1):
        for column in columns:
            shown = [column.categories[int(value)] for value in column.values if column.categories]
            points = {
                "type": "scatter", "x": shown or column.values, "y": _values(sweep, row), "mode": "markers",
                "marker": {"color": numbers, "colorscale": COLOURS, "size": 7, "opacity": 0.8},
                "text": numbers, "hovertemplate": "trial %{text}: %{x}, %{y:.6g}<extra></extra>",
            }  # fmt: skip
            scale: dict[str, Any] = {"type": "linear", "nticks": 6}
            if column.categories:
                names = column.categories
                texts = list(map(_shortened, names))
                scale = {"type": "category", "tickvals": names, "ticktext": texts, "autotickangles": [0, 30]}
            elif column.log:
                scale = _log_axis(column.values)
            layout = {
                "height": 240,
                "xaxis": {"title": title(short[column.name]), **scale},
                "yaxis": {"title": title(metric), "nticks": 6},
            }
            figures.append(Figure([points], layout, f"{metric} of each trial by {column.name}."))
    return figures


def parallel_coordinates(sweep: Sweep, columns: list[Column]) -> Figure:
    """Show each trial as a line through its values and parameters."""
    values = [_values(sweep, row) for row in range(1, len(sweep.metrics) + 1)]
    objectives = [{"label": metric, "values": one} for metric, one in zip(sweep.metrics, values, strict=True)]
    short = short_names([column.name for column in columns])
    dimensions = [*objectives, *(_dimension(column) | {"label": short[column.name]} for column in columns)]
    lines = {
        "type": "parcoords", "dimensions": dimensions, "labelside": "bottom",
        "line": {"color": values[0], "colorscale": COLOURS, "showscale": True, "colorbar": {"thickness": 12}},
    }  # fmt: skip
    layout = {"height": 400, "margin": {"l": 60, "r": 60, "t": 30, "b": 50}}
    names = ", ".join([*sweep.metrics, *(column.name for column in columns)])
    width = PER_AXIS * len(dimensions) + 120
    return Figure([lines], layout, f"Each trial as a line through {names}.", width)


def pareto_front(sweep: Sweep) -> Figure:
    """Show the first two objectives, and the trials that no other trial dominates."""
    front = sorted(sweep.front, key=lambda trial: trial.values[0])
    data = [
        {
            "type": "scatter", "x": [trial.values[0] for trial in trials],
            "y": [trial.values[1] for trial in trials], "mode": mode, "name": name,
            "marker": {"color": colour, "size": 8}, "line": {"color": colour, "width": 1, "dash": "dot"},
            "text": list(map(_label, trials)), "hovertemplate": "%{x:.6g}, %{y:.6g}, %{text}<extra></extra>",
        }
        for trials, name, colour, mode in (
            (sweep.complete, "trial", GREY, "markers"),
            (front, "Pareto front", RED, "lines+markers"),
        )
    ]  # fmt: skip
    names = [f"{name} ({way})" for name, way in zip(sweep.metrics, sweep.directions, strict=True)]
    layout = {"height": 420, "xaxis": {"title": title(names[0])}, "yaxis": {"title": title(names[1])}}
    points = "; ".join("trial {} {:.6g}, {:.6g}".format(trial.number, *trial.values) for trial in front)
    return Figure(data, layout, f"{names[0]} and {names[1]}. On the Pareto front: {points}.")


def _axis(name: str, row: int) -> str:
    return name if row == 1 else f"{name}{row}"


def _numbers(sweep: Sweep) -> list[int]:
    return [trial.number for trial in sweep.complete]


def _values(sweep: Sweep, row: int) -> list[float]:
    """Return the values of the objective in a row, from 1."""
    return [trial.values[row - 1] for trial in sweep.complete]


def _label(trial: Trial) -> str:
    lines = [f"trial {trial.number}", *(f"{name} = {value}" for name, value in trial.params.items())]
    return "<br>".join(map(escape, lines if trial.feasible else [*lines, "misses a constraint"]))


def _shortened(text: str) -> str:
    """Return a value for an axis, without the middle of a long one, which would leave the plot no room."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-(LONGEST // 2 - 1) :]}"


def _log_axis(values: list[float]) -> dict[str, Any]:
    """Return an axis with its ticks written out: of 20 between 10 and 100, plotly writes only a small 2."""
    exponents = range(math.floor(math.log10(min(values))), math.floor(math.log10(max(values))) + 1)
    for digits in (1, 2, 5), (1,):
        ticks = [float(f"{digit}e{exponent}") for exponent in exponents for digit in digits]
        ticks = [tick for tick in ticks if min(values) <= tick <= max(values)]
        if len(ticks) <= MAX_TICKS:
            break
    ticks = ticks[:: math.ceil(len(ticks) / MAX_TICKS)] if len(ticks) > 1 else [min(values), max(values)]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:.3g}" for tick in ticks]}


def _dimension(column: Column) -> dict[str, Any]:
    if column.categories:
        texts = list(map(_shortened, column.categories))
        ticks = {"tickvals": list(range(len(texts))), "ticktext": texts}
        return {"values": column.values, **ticks}
    if not column.log:
        return {"values": column.values}
    exponents = np.log10(column.values)  # plotly has no logarithmic dimension
    ticks = np.linspace(exponents.min(), exponents.max(), 6).tolist()
    texts = [f"{10**tick:.2g}" for tick in ticks]
    return {"values": exponents.tolist(), "tickvals": ticks, "ticktext": texts}
