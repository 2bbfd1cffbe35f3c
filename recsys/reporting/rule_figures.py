"""Figures of rules: those of the best trial, and their lift against the quality of recommendations."""

from collections import defaultdict
from html import escape

import numpy as np

from recsys.metrics import DECIMALS, MAX_LIFT, NDCG
from recsys.reporting.columns import ranks
from recsys.reporting.layout import BLUE, COLOURS, GREY, RED, title
from recsys.reporting.page import Figure, Section
from recsys.runs.sweep import Sweep

RULES_IN_LABEL, RULES_IN_TABLE = 6, 10
UNRELATED = 0.1  # an absolute rank correlation below this counts as none


def rule_figures(sweep: Sweep) -> list[Section]:
    """Return the figures that a sweep with complete trials has data for."""
    points = sweep.lift_and(NDCG)
    figures = [lift_and_lists(points, NDCG)] if len(points) > 1 else []
    rules = sweep.rules()
    return [*figures, best_rules(rules, sweep.best.number)] if rules and sweep.best else figures


def lift_and_lists(points: dict[int, tuple[float, float]], metric: str) -> Section:
    """Show the highest lift of each trial against a metric of its recommendations; mark the best of both.

    `points` has max_lift and the metric of each trial, by its number.
    """
    highest = max(points, key=lambda number: points[number][0])
    best = max(points, key=lambda number: points[number][1])
    groups = (list(points), "trial", GREY), ([highest], "highest lift", RED), ([best], f"best {metric}", BLUE)
    data = [
        {
            "type": "scatter", "x": [points[number][0] for number in numbers],
            "y": [points[number][1] for number in numbers], "mode": "markers", "name": name,
            "marker": {"color": colour, "size": 8 if colour == GREY else 13}, "text": numbers,
            "hovertemplate": "trial %{text}: lift %{x:.4g}, %{y:.4f}<extra></extra>",
        }
        for numbers, name, colour in groups
    ]  # fmt: skip
    layout = {"height": 420, "xaxis": {"title": title(MAX_LIFT)}, "yaxis": {"title": title(metric)}}
    description = f"{MAX_LIFT} and {metric} of each trial, as the caption describes them."
    figure = Figure(data, layout, description)
    return Section("Lift and lists", lift_caption(points, metric), [figure])


def lift_caption(points: dict[int, tuple[float, float]], metric: str) -> str:
    """Describe how the highest lift of the trials and a metric of their recommendations are related."""
    lifts, values = (np.array(column) for column in zip(*points.values(), strict=True))
    text = f"Each trial by the lift of its best rule and the {metric} of its lists on the validation part. "
    if lifts.min() == lifts.max():
        return text + f"All {len(points)} trials have the same highest lift, {lifts[0]:.4g}."
    if values.min() == values.max():
        return text + f"All {len(points)} trials have the same {metric}, {values[0]:{DECIMALS}}."
    of_highest, of_best = values[lifts == lifts.max()].max(), lifts[values == values.max()].max()
    n_better = int(np.count_nonzero(values > of_highest))
    text += f"The highest lift, {lifts.max():.4g}, comes with {metric} {of_highest:{DECIMALS}} at best, "
    if n_better:
        text += f"which {n_better} of the {len(points)} trials surpass; "
        text += f"the best {metric}, {values.max():{DECIMALS}}, with a lift of {of_best:.4g}. "
    else:
        text += "which no trial surpasses. "
    correlation = float(np.corrcoef(ranks(lifts), ranks(values))[0, 1])
    tendency = "lower" if correlation < 0 else "higher"
    relation = f"a higher lift tends to go with a {tendency} {metric}"
    if abs(correlation) < UNRELATED:
        relation = f"the lift says next to nothing about {metric}"
    return text + f"Spearman's rank correlation of the two is {correlation:+.2f}: {relation}."


def best_rules(rules: list[dict[str, str]], trial: int) -> Section:
    """Show support against confidence, coloured by lift; rules of equal measures share a larger point."""
    names = ("support", "confidence", "lift")
    groups: dict[tuple[float, ...], list[str]] = defaultdict(list)
    for row in rules:
        groups[tuple(float(row[name]) for name in names)].append(_title(row))
    ordered = sorted(groups, key=lambda measures: measures[2])  # the highest lift is drawn last, on top
    supports, confidences, lifts = (list(column) for column in zip(*ordered, strict=True))
    data = {
        "type": "scatter", "x": supports, "y": confidences, "customdata": lifts, "mode": "markers",
        "text": [_label(groups[measures]) for measures in ordered],
        "marker": {
            "color": lifts, "colorscale": COLOURS, "colorbar": {"title": title("lift"), "thickness": 12},
            "size": [7 + min(20, 2 * len(groups[measures]) ** 0.5) for measures in ordered],
            "line": {"width": 0.5, "color": "var(--card)"}, "opacity": 0.85,
        },
        "hovertemplate": (
            "%{text}<br>support %{x:.4g}, confidence %{y:.3g}, lift %{customdata:.4g}<extra></extra>"
        ),
    }  # fmt: skip
    layout = {"height": 460, "xaxis": {"title": title("support")}, "yaxis": {"title": title("confidence")}}
    description = "Support and confidence of the best rules; the table has the first of them."
    figure = Figure([data], layout, description)
    caption = f"The {len(rules):,} best rules. Rules with equal measures share a point, which lists them."
    first = rules[:RULES_IN_TABLE]
    table = [
        ["rule", *names],
        *([_title(row), *(f"{float(row[name]):.4g}" for name in names)] for row in first),
    ]
    return Section(f"Rules of trial {trial}", caption, [figure], table)


def _title(rule: dict[str, str]) -> str:
    return f"{rule['antecedents']} → {rule['consequents']}"


def _label(titles: list[str]) -> str:
    more = len(titles) - RULES_IN_LABEL
    lines = [escape(title) for title in titles[:RULES_IN_LABEL]]
    return "<br>".join(lines + ([f"and {more} more"] if more > 0 else []))
