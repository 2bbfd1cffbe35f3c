# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["rectools==0.19.0"]
# ///
"""Measures one problem with RecTools and writes what it finds: uv run tests/evaluation/rectools_reference.py.

RecTools needs NumPy 1 and pandas 2, and so an environment of its own; the tests read `rectools_values.json`.
"""

import json
from pathlib import Path

N_USERS, N_ITEMS, N_CATEGORIES, CUTOFFS = 40, 60, 6, (1, 5, 10, 20)


def draw_problem():
    """Draw lists (some short), held-out likes (some of items that no list can have), likes and categories."""
    import numpy as np

    rng = np.random.default_rng(7)
    lists, held_out, liked = [], [], []
    for user in range(N_USERS):
        length = 20 if user % 4 else int(rng.integers(1, 20))
        lists.append(rng.permutation(N_ITEMS)[:length].tolist())
        held_out.append(sorted(rng.permutation(N_ITEMS + 10)[: int(rng.integers(1, 30))].tolist()))
        liked.append(sorted(rng.permutation(N_ITEMS)[: int(rng.integers(1, 25))].tolist()))
    categories = [np.flatnonzero(rng.random(N_CATEGORIES) < 0.3).tolist() for _ in range(N_ITEMS)]
    return {
        "n_items": N_ITEMS,
        "lists": lists,
        "held_out": held_out,
        "liked": liked,
        "categories": categories,
    }


def measure(problem):
    """Return each metric's values: one a user, or one for all."""
    import numpy as np
    import pandas as pd
    from rectools import metrics
    from rectools.metrics.distances import PairwiseDistanceCalculator

    class Jaccard(PairwiseDistanceCalculator):
        def _get_distances_for_item_pairs(self, items_0, items_1):
            pairs = [
                (set(problem["categories"][i]), set(problem["categories"][j]))
                for i, j in zip(items_0, items_1, strict=True)
            ]
            return np.array([1 - len(a & b) / len(a | b) if a | b else 0.0 for a, b in pairs])

    def table(rows):
        columns = ["user_id", "item_id", "rank"]
        pairs = [(user, item, rank) for user, row in enumerate(rows) for rank, item in enumerate(row, 1)]
        return pd.DataFrame(pairs, columns=columns)

    reco, liked = table(problem["lists"]), table(problem["liked"])
    held_out = table(problem["held_out"]).drop(columns="rank")
    values = {}
    for k in CUTOFFS:
        accuracy = {
            "ndcg": metrics.NDCG(k, divide_by_achievable=True),
            "recall": metrics.Recall(k),
            "precision": metrics.Precision(k),
            "map": metrics.MAP(k),
            "mrr": metrics.MRR(k),
            "hit_rate": metrics.HitRate(k),
        }
        for name, metric in accuracy.items():
            values[f"{name}@{k}"] = metric.calc_per_user(reco, held_out)
        values[f"novelty@{k}"] = metrics.MeanInvUserFreq(k).calc_per_user(reco, liked)
        diversity = metrics.IntraListDiversity(k, distance_calculator=Jaccard())
        values[f"diversity@{k}"] = diversity.calc_per_user(reco)
    found = {name: series.sort_index().astype(float).tolist() for name, series in values.items()}
    coverage = metrics.CatalogCoverage
    found |= {f"coverage@{k}": coverage(k, normalize=True).calc(reco, range(N_ITEMS)) for k in CUTOFFS}
    return found


if __name__ == "__main__":
    drawn = draw_problem()
    text = json.dumps({"problem": drawn, "rectools": measure(drawn)}, separators=(",", ":"))
    Path(__file__).with_name("rectools_values.json").write_text(text + "\n")
