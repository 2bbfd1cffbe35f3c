# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["rectools==0.19.0"]
# ///
"""Fits RecTools' EASE to two problems and writes what it learns: uv run tests/recommenders/rectools_ease.py.

RecTools needs an environment of its own; test_ease.py reads `rectools_ease.json`. RecTools fits in single
precision; here its code gets the same matrix in double precision.
"""

import json
from pathlib import Path

REGULARIZATION = 2.0
SHAPES = {"primal": (30, 12), "dual": (9, 14)}  # users and items


def draw_likes(n_users, n_items):
    """Draw the likes of each user; each item has some."""
    import numpy as np

    likes = np.random.default_rng([n_users, n_items]).random((n_users, n_items)) < 0.35
    assert likes.any(axis=0).all()
    assert likes.any(axis=1).all()
    return [np.flatnonzero(row).tolist() for row in likes]


def fit(likes, n_items):
    """Return `EASEModel.weight` and the scores by which it recommends, in the order of the items."""
    import numpy as np
    import pandas as pd
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    class DoubleDataset(Dataset):
        def get_user_item_matrix(self, *args, **options):
            return super().get_user_item_matrix(*args, **{**options, "dtype": np.float64})

    rows = [(user, item, 1.0, "2026-01-01") for user, row in enumerate(likes) for item in row]
    table = pd.DataFrame(rows, columns=["user_id", "item_id", "weight", "datetime"])
    dataset = DoubleDataset.construct(table)
    assert isinstance(dataset, DoubleDataset)
    model = EASEModel(REGULARIZATION, recommend_n_threads=1).fit(dataset)
    assert model.weight.dtype == np.float64
    order = dataset.item_id_map.convert_to_internal(np.arange(n_items))
    lists = model.recommend(np.arange(len(likes)), dataset, k=n_items, filter_viewed=False)
    scores = lists.pivot(index="user_id", columns="item_id", values="score")
    assert scores.shape == (len(likes), n_items)
    return {
        "weight": model.weight[np.ix_(order, order)].tolist(),
        "scores": scores.to_numpy().astype(float).round(6).tolist(),
    }


if __name__ == "__main__":
    problems = {}
    for name, (n_users, n_items) in SHAPES.items():
        drawn = draw_likes(n_users, n_items)
        problems[name] = {"n_items": n_items, "likes": drawn, **fit(drawn, n_items)}
    text = json.dumps({"regularization": REGULARIZATION, "problems": problems}, separators=(",", ":"))
    Path(__file__).with_suffix(".json").write_text(text + "\n")
