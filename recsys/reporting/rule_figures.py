"""The rules of the best trial, and the lift of rules against the quality of recommendations."""

import numpy as np

from recsys.metrics import DECIMALS, MAX_LIFT, NDCG
from recsys.reporting.columns import ranks
from recsys.reporting.layout import BLUE, GREY, RED, title
from recsys.reporting.page import Code, Figure, Section
from recsys.reporting.rule_explorer import explorer_of
from recsys.runs.sweep import Sweep

UNRELATED = 0.1  # an absolute rank correlation below this counts as none


def rule_figures(sweep: Sweep) -> list[Section]:
    """Return the figures that a sweep with complete trials has data for."""
    points = sweep.lift_and(NDCG)
    figures = [lift_and_lists(points, NDCG)] if len(points) > 1 else []
    if sweep.best is not None and (explorer := explorer_of(sweep)):
        caption = f"The best {explorer.content['summary']['n_rules']:,} rules."
        code = Code("All rules, on a page of their own", sweep.explore_command())
        heading = f"Rules of trial {sweep.best.number}"
        figures.append(Section(heading, caption, codes=[code], explorer=explorer))
    return figures


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
