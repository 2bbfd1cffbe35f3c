"""A bundle as an MLflow model, written as code: MLflow runs this file when it loads the model.

A row holds the likes of a user, item ids or titles, the latest last, or lists of them (orders), and what else
the user has seen; the result is a list of recommendations.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from recsys.errors import ParameterError
from recsys.models.bundle import Bundle

REASONS = 3  # of each recommendation, at most


class RecommenderModel(PythonModel):
    """Recommendations from a bundle, the artifact of that name."""

    bundle: Bundle

    def load_context(self, context: Any) -> None:
        """Read the bundle, and compile its kernels before the first request."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))
        self.bundle.recommend([self.bundle.item_ids[:1]], n_reasons=1)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[list[dict[str, Any]]]:
        """Return for each row of the column `likes` a list of recommendations.

        The column `seen`, which may be absent, has what else a user has rated. `params` are `k`,
        `exclude_seen`, `explain` (at most three reasons, otherwise none), and those of `Bundle.recommend`:
        `exclude_items`, `only_items`, `categories` (empty: all), `max_per_category` and `popularity_penalty`.
        ParameterError is raised if a row holds anything but ids and titles, TitleError if a title is not that
        of one item.
        """
        options = {"k": 10, "exclude_seen": None, "explain": False} | (params or {})
        likes = [self._steps(row) for row in model_input["likes"]]
        given = model_input["seen"] if "seen" in model_input else [None] * len(likes)
        # A row without the optional column is None, or NaN beside others with it.
        seen = [[] if row is None or row is np.nan else self._ids("seen", row) for row in given]
        n_reasons = REASONS if options["explain"] else 0
        excluded, only = (self._ids(name, options.get(name, ())) for name in ("exclude_items", "only_items"))
        lists = self.bundle.recommend(
            likes,
            options["k"],
            options["exclude_seen"],
            n_reasons,
            seen,
            exclude_items=excluded,
            only_items=only or None,
            categories=list(map(str, options.get("categories", ()))) or None,
            max_per_category=options.get("max_per_category"),
            popularity_penalty=options.get("popularity_penalty", 0.0),
        )
        return [list(map(asdict, row)) for row in lists]

    def _steps(self, row: Iterable[Any]) -> list[Any]:
        """Return the ids of likes, those of a list within the row as a list."""
        steps: list[Any] = []
        for entry in row:
            if isinstance(entry, list | tuple | np.ndarray):
                steps.append(self._ids("likes", entry))
            else:
                steps += self._ids("likes", [entry])
        return steps

    def _ids(self, column: str, row: Iterable[Any]) -> list[Any]:
        """Return ids as they are, and those of titles."""
        plain = [item.item() if isinstance(item, np.generic) else item for item in row]
        if not all(isinstance(item, str | int) for item in plain):
            raise ParameterError(column, "a list of item ids and titles a row", plain)
        return [
            self.bundle.find(item) if isinstance(item, str) and not self.bundle.knows(item) else item
            for item in plain
        ]


set_model(RecommenderModel())
