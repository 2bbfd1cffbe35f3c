"""Draw the lift of the best rule of each trial against the quality of its recommendations.

The picture of the README, docs/images/lift_and_ndcg.png, comes from this sweep:

    python -m recsys experiment=pareto dataset=ml_latest_small hydra/sweeper/sampler=random \
        hydra.sweeper.n_trials=120 apriori.max_len=2 apriori.metric=lift apriori.min_threshold=0 \
        'apriori.min_support=tag(log, interval(0.005, 0.1))' hydra.sweep.dir=multirun/lift_and_ndcg
    python scripts/draw_lift_and_ndcg.py multirun/lift_and_ndcg docs/images/lift_and_ndcg.png
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from recsys.runs.sweep import read_sweep

METRIC, WEIGHT = "ndcg@10", "recommender.weight"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the sweep and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sweep", type=Path, help="folder of a sweep that searched recommender.weight")
    parser.add_argument("picture", type=Path, help="file to draw into")
    options = parser.parse_args(arguments)
    sweep = read_sweep(options.sweep)
    points = sweep.lift_and(METRIC)
    groups = defaultdict(list)
    for trial in sweep.complete:
        if trial.number in points:
            groups[trial.params[WEIGHT]].append(points[trial.number])
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for weight in sorted(groups, key=lambda weight: -max(value for _, value in groups[weight])):
        lift, value = zip(*groups[weight], strict=True)
        axes.scatter(lift, value, s=26, alpha=0.8, label=weight)
    axes.set_xscale("log")
    axes.set_xlabel("lift of the best rule")
    axes.set_ylabel(f"{METRIC} on the validation part")
    axes.legend(title="what a rule weighs", fontsize="small", ncols=2)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(options.picture, dpi=130)


if __name__ == "__main__":
    main()
