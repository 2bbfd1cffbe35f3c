"""The figures of the report, in the forms that users of Optuna know."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from recsys.reporting.columns import Column, columns_of
from recsys.reporting.importance import importance
from recsys.runs.best import best_so_far
from recsys.runs.sweep import Sweep

BLUE, RED, GREY = "#3366cc", "#c2410c", "#94a3b8"
COLOURS = "Viridis"
RULES_IN_HOVER = 6
MISSED = "<br>misses a constraint"


def history(sweep: Sweep) -> go.Figure:
    """Each trial's outcome, and the best so far."""
    metrics = sweep.metrics
    figure = make_subplots(rows=len(metrics), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for row, metric in enumerate(metrics, start=1):
        trials = sweep.complete
        colours = [BLUE if trial.feasible else GREY for trial in trials]
        figure.add_scatter(
            x=[trial.number for trial in trials], y=[trial.values[row - 1] for trial in trials],
            mode="markers", name="trial", marker={"color": colours, "size": 7, "opacity": 0.75},
            customdata=[_params(trial.params) + ("" if trial.feasible else MISSED) for trial in trials],
            hovertemplate="trial %{x}: %{y:.6g}<br>%{customdata}<extra></extra>",
            showlegend=row == 1, row=row, col=1,
        )  # fmt: skip
        figure.update_yaxes(title=metric, row=row, col=1)
    if len(metrics) == 1:
        pairs = best_so_far(sweep.complete, sweep.directions[0])
        figure.add_scatter(
            x=[trial.number for trial, _ in pairs], y=[best.values[0] for _, best in pairs],
            mode="lines", name="best so far", line={"color": RED, "shape": "hv"}, hoverinfo="skip",
        )  # fmt: skip
    lost = [trial for trial in sweep.trials if trial.state in ("fail", "pruned")]
    if lost:
        low = min((trial.values[0] for trial in sweep.complete), default=0)  # they have no value of their own
        figure.add_scatter(
            x=[trial.number for trial in lost], y=[low] * len(lost), mode="markers", name="failed or pruned",
            marker={"symbol": "x", "color": GREY, "size": 8},
            text=[escape(f"{trial.state}: {trial.fail_reason or ''}") for trial in lost],
            hovertemplate="trial %{x} %{text}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="trial", row=len(metrics), col=1)
    return _styled(figure, 340 + 160 * (len(metrics) - 1))


def importances(sweep: Sweep) -> go.Figure:
    """How much each parameter explains by itself; see `recsys.reporting.importance`."""
    figure = go.Figure()
    for number, metric in enumerate(sweep.metrics):
        values = [trial.values[number] for trial in sweep.complete]
        shares = {column.name: importance(column, values) for column in columns_of(sweep)}
        names = sorted(shares, key=lambda name: shares[name])
        figure.add_bar(
            x=[shares[name] for name in names], y=names, orientation="h", name=metric,
            text=[f"{shares[name]:.2f}" for name in names], textposition="auto",
            marker_color=BLUE if number == 0 else RED,
        )  # fmt: skip
    figure.update_xaxes(title="share of the variance of the ranks", range=[0, 1.02])
    return _styled(figure, 120 + 46 * max(1, len(figure.data[0].y if figure.data else ())))


def slices(sweep: Sweep) -> go.Figure:
    """Each objective against each parameter; the later the trial, the brighter."""
    found = columns_of(sweep)
    figure = make_subplots(
        rows=len(sweep.metrics), cols=max(1, len(found)), shared_yaxes=True, horizontal_spacing=0.03
    )
    numbers = [trial.number for trial in sweep.complete]
    for row, metric in enumerate(sweep.metrics, start=1):
        for col, column in enumerate(found, start=1):
            marker: dict[str, Any] = {"color": numbers, "colorscale": COLOURS, "size": 7, "opacity": 0.8}
            if (row, col) == (1, len(found)):
                marker["colorbar"] = {"title": "trial", "thickness": 12}
            figure.add_scatter(
                x=column.shown, y=[trial.values[row - 1] for trial in sweep.complete], mode="markers",
                marker=marker, text=numbers, showlegend=False,
                hovertemplate="trial %{text}: %{x}, %{y:.6g}<extra></extra>", row=row, col=col,
            )  # fmt: skip
            figure.update_xaxes(title=column.name, type=_axis(column), row=row, col=col)
            if column.categories:
                figure.update_xaxes(tickangle=0, tickfont_size=10, row=row, col=col)
        figure.update_yaxes(title=metric, row=row, col=1)
    return _styled(figure, 340 * len(sweep.metrics))


def parallel_coordinates(sweep: Sweep) -> go.Figure:
    """Each trial as a line through its outcome and its parameters; drag along an axis to select."""
    dimensions = [
        {"label": metric, "values": [trial.values[number] for trial in sweep.complete]}
        for number, metric in enumerate(sweep.metrics)
    ]
    dimensions += [_dimension(column) for column in columns_of(sweep)]
    line = {"color": dimensions[0]["values"], "colorscale": COLOURS, "showscale": True}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelside="bottom"))
    figure = _styled(figure, 400)
    return figure.update_layout(margin={"l": 70, "r": 40, "t": 30, "b": 60})


def pareto_front(sweep: Sweep) -> go.Figure:
    """The first two objectives against each other, and the trials that no other beats in both."""
    front = sorted(sweep.front, key=lambda trial: trial.values[0])
    figure = go.Figure()
    for trials, name, colour in ((sweep.complete, "trial", GREY), (front, "Pareto front", RED)):
        figure.add_scatter(
            x=[trial.values[0] for trial in trials], y=[trial.values[1] for trial in trials],
            mode="markers" if colour == GREY else "lines+markers", name=name,
            marker={"color": colour, "size": 8}, line={"color": colour, "width": 1, "dash": "dot"},
            text=[f"trial {trial.number}<br>{_params(trial.params)}" for trial in trials],
            hovertemplate="%{text}<br>%{x:.6g}, %{y:.6g}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title=f"{sweep.metrics[0]} ({sweep.directions[0]})")
    figure.update_yaxes(title=f"{sweep.metrics[1]} ({sweep.directions[1]})")
    return _styled(figure, 420)


def lift_and_lists(points: dict[int, tuple[float, float]], metric: str) -> go.Figure:
    """The best lift of each trial against what its lists are worth; the best of both are marked.

    Parameters
    ----------
    points : dict of int to (float, float)
        For each trial, by its number: max_lift and the metric.
    metric : str
        Name of the metric.
    """
    highest = max(points, key=lambda number: points[number][0])
    best = max(points, key=lambda number: points[number][1])
    figure = go.Figure()
    groups = (list(points), "trial", GREY), ([highest], "highest lift", RED), ([best], f"best {metric}", BLUE)
    for numbers, name, colour in groups:
        figure.add_scatter(
            x=[points[number][0] for number in numbers], y=[points[number][1] for number in numbers],
            mode="markers", name=name, marker={"color": colour, "size": 8 if colour == GREY else 13},
            text=numbers, hovertemplate="trial %{text}: lift %{x:.4g}, %{y:.4f}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="max_lift")
    figure.update_yaxes(title=metric)
    return _styled(figure, 420)


def rules(table: list[dict[str, str]]) -> go.Figure:
    """Support against confidence, coloured by lift; rules of equal measures share a larger point."""
    groups: dict[tuple[float, float, float], list[str]] = defaultdict(list)
    for row in table:
        measures = (float(row["support"]), float(row["confidence"]), float(row["lift"]))
        groups[measures].append(f"{row['antecedents']} → {row['consequents']}")
    ordered = sorted(groups, key=lambda measures: measures[2])  # the highest lift is drawn last, on top
    figure = go.Figure(
        go.Scatter(
            x=[support for support, _, _ in ordered], y=[confidence for _, confidence, _ in ordered],
            mode="markers", text=[_titles(groups[measures]) for measures in ordered],
            customdata=[lift for _, _, lift in ordered],
            marker={
                "color": [lift for _, _, lift in ordered], "colorscale": COLOURS,
                "colorbar": {"title": "lift", "thickness": 12},
                "size": [7 + min(20, 2 * len(groups[measures]) ** 0.5) for measures in ordered],
                "line": {"width": 0.5, "color": "white"}, "opacity": 0.85,
            },
            hovertemplate=(
                "%{text}<br>support %{x:.4g}, confidence %{y:.3g}, lift %{customdata:.4g}<extra></extra>"
            ),
        )
    )  # fmt: skip
    figure.update_xaxes(title="support")
    figure.update_yaxes(title="confidence")
    return _styled(figure, 460)


def _titles(names: list[str]) -> str:
    more = len(names) - RULES_IN_HOVER
    lines = [escape(name) for name in names[:RULES_IN_HOVER]]
    return "<br>".join(lines + ([f"and {more} more"] if more > 0 else []))


def _params(params: dict[str, str]) -> str:
    return "<br>".join(escape(f"{name} = {value}") for name, value in params.items())


def _axis(column: Column) -> str:
    return "category" if column.categories else "log" if column.log else "linear"


def _dimension(column: Column) -> dict[str, Any]:
    import numpy as np

    if column.categories:
        ticks = list(range(len(column.categories)))
        return {
            "label": column.name, "values": column.values, "tickvals": ticks, "ticktext": column.categories
        }  # fmt: skip
    if not column.log:
        return {"label": column.name, "values": column.values}
    exponents = np.log10(column.values)
    ticks = np.linspace(exponents.min(), exponents.max(), 6).tolist()
    texts = [f"{10**tick:.2g}" for tick in ticks]
    return {"label": column.name, "values": exponents.tolist(), "tickvals": ticks, "ticktext": texts}


def _styled(figure: go.Figure, height: int) -> go.Figure:
    return figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        font={"family": "system-ui, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hoverlabel={"align": "left"},
    )
