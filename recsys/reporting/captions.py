"""Captions of figures, computed from what the figures show."""

from __future__ import annotations

import numpy as np

from recsys.reporting.importance import ranks

UNRELATED = 0.1  # rank correlations closer to 0 than this are called none


def lift_and_lists_caption(points: dict[int, tuple[float, float]], metric: str) -> str:
    """Return what the trials say of the lift of their best rule and of a metric of their lists.

    Parameters
    ----------
    points : dict of int to (float, float)
        For each trial, by its number: max_lift and the metric; at least one.
    metric : str
        Name of the metric.
    """
    lifts, values = (np.array(column) for column in zip(*points.values(), strict=True))
    text = (
        f"Each trial by the lift of its best rule, and by the {metric} of its lists on the validation part. "
    )
    if lifts.min() == lifts.max():
        return text + f"All {len(points)} trials have the same highest lift, {lifts[0]:.4g}."
    if values.min() == values.max():
        return text + f"All {len(points)} trials have the same {metric}, {values[0]:.4f}."
    of_highest, of_best = values[lifts == lifts.max()].max(), lifts[values == values.max()].max()
    n_better = int(np.count_nonzero(values > of_highest))
    text += f"The highest lift, {lifts.max():.4g}, comes with {metric} {of_highest:.4f} at best, "
    if n_better:
        text += f"which {n_better} of the {len(points)} trials surpass; "
        text += f"the best {metric}, {values.max():.4f}, with a lift of {of_best:.4g}. "
    else:
        text += "which no trial surpasses. "
    correlation = float(np.corrcoef(ranks(lifts), ranks(values))[0, 1])
    tendency = "lower" if correlation < 0 else "higher"
    relation = f"a higher lift tends to go with a {tendency} {metric}"
    if abs(correlation) < UNRELATED:
        relation = f"the lift says next to nothing about {metric}"
    return text + f"Spearman's rank correlation of the two is {correlation:+.2f}: {relation}."
