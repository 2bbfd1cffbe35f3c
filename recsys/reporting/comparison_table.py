"""The table of a comparison, as it is printed and as the report shows it."""

from __future__ import annotations

from recsys.evaluation import Interval
from recsys.runs.files import COMPARISON_FILE, DIFFERENCES_FILE
from recsys.runs.sweep import Sweep
from recsys.runs.trials import read_json

SHOWN = ("ndcg@10", "recall@10", "mrr@10", "coverage@10", "novelty@10", "diversity@10", "fallback_share@10")


def read_comparison(sweep: Sweep) -> list[list[str]]:
    """Return the table that `compare` left in a folder, the header first; empty where there is none."""
    measured, differences = (
        {name: _from_json(found) for name, found in read_json(sweep.folder / file).items()}
        for file in (COMPARISON_FILE, DIFFERENCES_FILE)
    )
    baselines = [name for name in measured if name not in differences]
    if len(baselines) != 1:
        return []
    by = sweep.config.get("hydra", {}).get("callbacks", {}).get("compare", {}).get("by", "recommender")
    return comparison_table(by, measured, differences, main_metric(sweep, measured), baselines[0])


def _from_json(found: dict[str, dict[str, float]]) -> dict[str, Interval]:
    return {name: Interval(**one) for name, one in found.items()}


def main_metric(sweep: Sweep, measured: dict[str, dict[str, Interval]]) -> str:
    """Return the objective, where it is a metric of the lists."""
    is_measured = all(sweep.metrics[0] in found for found in measured.values())
    return sweep.metrics[0] if is_measured else SHOWN[0]


def comparison_table(
    by: str,
    measured: dict[str, dict[str, Interval]],
    differences: dict[str, dict[str, Interval]],
    metric: str,
    baseline: str,
) -> list[list[str]]:
    """Return a header and one row for each choice, the best by the metric first."""
    order = sorted(measured, key=lambda name: -measured[name][metric].value)
    shown = [metric, *(name for name in SHOWN if name != metric and name in measured[baseline])]
    header = [by, *shown, f"{metric} less {baseline}"]
    rows = []
    for name in order:
        cells = [
            f"{measured[name][one]:.4f}" if one == metric else f"{measured[name][one].value:.4f}"
            for one in shown
        ]
        last = f"{differences[name][metric]:+.4f}" if name != baseline else ""
        rows.append([name, *cells, last])
    return [header, *rows]
