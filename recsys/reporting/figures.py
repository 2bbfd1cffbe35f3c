"""Figures of a search, as users of Optuna know them, with their titles and captions."""

from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recsys.reporting.columns import Column, columns, importance
from recsys.reporting.page import Section
from recsys.runs.best import best_so_far
from recsys.runs.sweep import Sweep
from recsys.runs.trials import Trial

BLUE, RED, GREY = "#3366cc", "#c2410c", "#94a3b8"
COLOURS = "Viridis"

IMPORTANCE = (
    "How much of the objective each parameter explains by itself: the share of the variance of the trials' "
    "ranks that lies between groups of the parameter's values (epsilon squared of Kruskal and Wallis). "
    "Interactions of parameters are not included."
)


def search_figures(sweep: Sweep) -> list[Section]:
    """Return the figures of a sweep that has complete trials."""
    figures = [history(sweep)]
    if len(sweep.metrics) > 1:
        figures.append(pareto_front(sweep))
    if found := columns(sweep.complete, sweep.log_parameters):
        figures += [importances(sweep, found), slices(sweep, found), parallel_coordinates(sweep, found)]
    return figures


def history(sweep: Sweep) -> Section:
    """Show the values of each trial, and the best so far."""
    plot = make_subplots(rows=len(sweep.metrics), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for row, metric in enumerate(sweep.metrics, start=1):
        colours = [BLUE if trial.feasible else GREY for trial in sweep.complete]
        plot.add_scatter(
            x=[trial.number for trial in sweep.complete], y=_values(sweep, row), mode="markers", name="trial",
            marker={"color": colours, "size": 7, "opacity": 0.75}, text=list(map(_label, sweep.complete)),
            hovertemplate="%{y:.6g}, %{text}<extra></extra>", showlegend=row == 1, row=row, col=1,
        )  # fmt: skip
        plot.update_yaxes(title=metric, row=row, col=1)
    if len(sweep.metrics) == 1:
        pairs = best_so_far(sweep.complete, sweep.directions[0])
        plot.add_scatter(
            x=[trial.number for trial, _ in pairs], y=[best.values[0] for _, best in pairs],
            mode="lines", name="best so far", line={"color": RED, "shape": "hv"}, hoverinfo="skip",
        )  # fmt: skip
    if lost := [trial for trial in sweep.trials if trial.state in ("fail", "pruned")]:
        lowest = min(_values(sweep, 1), default=0)  # they have no value of their own
        plot.add_scatter(
            x=[trial.number for trial in lost], y=[lowest] * len(lost), mode="markers",
            name="failed or pruned", marker={"symbol": "x", "color": GREY, "size": 8},
            text=[escape(f"{trial.state}: {trial.fail_reason or ''}") for trial in lost],
            hovertemplate="trial %{x} %{text}<extra></extra>",
        )  # fmt: skip
    plot.update_xaxes(title="trial", row=len(sweep.metrics), col=1)
    return Section("Optimisation history", plot=styled(plot, 180 + 160 * len(sweep.metrics)))


def importances(sweep: Sweep, columns: list[Column]) -> Section:
    """Show the importance of each parameter."""
    plot = go.Figure()
    for row, metric in enumerate(sweep.metrics, start=1):
        shares = {column.name: importance(column, _values(sweep, row)) for column in columns}
        names = sorted(shares, key=lambda name: shares[name])
        plot.add_bar(
            x=[shares[name] for name in names], y=names, orientation="h", name=metric,
            text=[f"{shares[name]:.2f}" for name in names], textposition="auto",
            marker_color=BLUE if row == 1 else RED,
        )  # fmt: skip
    plot.update_xaxes(title="share of the variance of the ranks", range=[0, 1.02])
    return Section("Importance of parameters", IMPORTANCE, styled(plot, 120 + 46 * len(columns)))


def slices(sweep: Sweep, columns: list[Column]) -> Section:
    """Show each objective by each parameter; the later the trial, the brighter."""
    grid = {"rows": len(sweep.metrics), "cols": len(columns)}
    plot = make_subplots(**grid, shared_yaxes=True, horizontal_spacing=0.03)
    numbers = [trial.number for trial in sweep.complete]
    for row, metric in enumerate(sweep.metrics, start=1):
        for col, column in enumerate(columns, start=1):
            marker: dict[str, Any] = {"color": numbers, "colorscale": COLOURS, "size": 7, "opacity": 0.8}
            if (row, col) == (1, len(columns)):
                marker["colorbar"] = {"title": "trial", "thickness": 12}
            shown = [column.categories[int(value)] for value in column.values if column.categories]
            plot.add_scatter(
                x=shown or column.values, y=_values(sweep, row), mode="markers", marker=marker, text=numbers,
                hovertemplate="trial %{text}: %{x}, %{y:.6g}<extra></extra>", showlegend=False,
                row=row, col=col,
            )  # fmt: skip
            axis = "category" if column.categories else "log" if column.log else "linear"
            plot.update_xaxes(title=column.name, type=axis, row=row, col=col)
            if column.categories:
                plot.update_xaxes(tickangle=0, tickfont_size=10, row=row, col=col)
        plot.update_yaxes(title=metric, row=row, col=1)
    return Section("Slices", plot=styled(plot, 340 * len(sweep.metrics)))


def parallel_coordinates(sweep: Sweep, columns: list[Column]) -> Section:
    """Show each trial as a line through its values and parameters."""
    values = [_values(sweep, row) for row in range(1, len(sweep.metrics) + 1)]
    objectives = [{"label": metric, "values": one} for metric, one in zip(sweep.metrics, values, strict=True)]
    dimensions = [*objectives, *map(_dimension, columns)]
    line = {"color": values[0], "colorscale": COLOURS, "showscale": True}
    plot = styled(go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelside="bottom")), 400)
    plot.update_layout(margin={"l": 70, "r": 40, "t": 30, "b": 60})
    return Section("Parallel coordinates", "Drag along an axis to select trials.", plot)


def pareto_front(sweep: Sweep) -> Section:
    """Show the first two objectives, and the trials that no other trial dominates."""
    plot = go.Figure()
    front = sorted(sweep.front, key=lambda trial: trial.values[0])
    for trials, name, colour, mode in (
        (sweep.complete, "trial", GREY, "markers"),
        (front, "Pareto front", RED, "lines+markers"),
    ):
        plot.add_scatter(
            x=[trial.values[0] for trial in trials], y=[trial.values[1] for trial in trials],
            mode=mode, name=name, marker={"color": colour, "size": 8},
            line={"color": colour, "width": 1, "dash": "dot"}, text=list(map(_label, trials)),
            hovertemplate="%{x:.6g}, %{y:.6g}, %{text}<extra></extra>",
        )  # fmt: skip
    plot.update_xaxes(title=f"{sweep.metrics[0]} ({sweep.directions[0]})")
    plot.update_yaxes(title=f"{sweep.metrics[1]} ({sweep.directions[1]})")
    return Section("Pareto front", plot=styled(plot, 420))


def styled(plot: go.Figure, height: int) -> go.Figure:
    """Set the layout that all figures share."""
    return plot.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hoverlabel={"align": "left"},
    )


def _values(sweep: Sweep, row: int) -> list[float]:
    """Return the values of the objective in a row, from 1."""
    return [trial.values[row - 1] for trial in sweep.complete]


def _label(trial: Trial) -> str:
    lines = [f"trial {trial.number}", *(f"{name} = {value}" for name, value in trial.params.items())]
    return "<br>".join(map(escape, lines if trial.feasible else [*lines, "misses a constraint"]))


def _dimension(column: Column) -> dict[str, Any]:
    dimension = {"label": column.name, "values": column.values}
    if column.categories:
        return dimension | {"tickvals": list(range(len(column.categories))), "ticktext": column.categories}
    if not column.log:
        return dimension
    exponents = np.log10(column.values)  # plotly has no logarithmic dimension
    ticks = np.linspace(exponents.min(), exponents.max(), 6).tolist()
    return dimension | {
        "values": exponents.tolist(), "tickvals": ticks, "ticktext": [f"{10**tick:.2g}" for tick in ticks]
    }  # fmt: skip
