"""Measure what `popularity_penalty` costs and gives, on the test part of bundled ratings.

    python scripts/measure_popularity_penalty.py recommender=rules
    python scripts/measure_popularity_penalty.py recommender=ease dataset=ml_latest_small

The table of docs/concepts/popularity.md comes from these commands.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir

from recsys import pipeline
from recsys.composition import build_experiment
from recsys.evaluation import evaluate
from recsys.pipeline import Experiment
from recsys.recommenders.popularity_penalty import PenalizedModel

CONF = Path(__file__).resolve().parents[1] / "conf"
PENALTIES = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
METRICS = ("ndcg@10", "recall@10", "novelty@10", "arp@10", "serendipity@10", "coverage@10")


def measure(experiment: Experiment, penalties: Sequence[float]) -> list[dict[str, float]]:
    """Return the metrics of the test part at each penalty; the model is fitted once."""
    result, experiment = pipeline.run(experiment, "test"), pipeline.for_data(experiment)
    prepared, cutoffs = pipeline.prepare(experiment, "test"), experiment.evaluation.cutoffs
    assert result.model is not None  # likes are held out
    measured = []
    for penalty in penalties:
        model = PenalizedModel.of(result.model, penalty)
        lists = model.recommend(prepared.histories, experiment.evaluation.k, prepared.seen)
        ranking = evaluate(lists, prepared.targets, prepared.train, cutoffs, prepared.categories)
        measured.append(ranking.metrics)
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="of the configuration, such as recommender=ease")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        experiment = build_experiment(compose("config", parser.parse_args(arguments).overrides))
    print(f"| penalty | {' | '.join(METRICS)} |\n|{'---:|' * (1 + len(METRICS))}")
    for penalty, metrics in zip(PENALTIES, measure(experiment, PENALTIES), strict=True):
        print(f"| {penalty:g} | {' | '.join(f'{metrics[name]:.4g}' for name in METRICS)} |")


if __name__ == "__main__":
    main()
