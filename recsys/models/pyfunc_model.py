"""A bundle as an MLflow model, written as code: MLflow runs this file when it loads the model.

A row holds the likes of a user, item ids or titles, the latest last; the result is a list of recommendations.
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
        """Return for each row of the column `likes` a list of `item_id, title, score, source, reasons`.

        `params` are `k`, `exclude_seen` and `explain` (at most three reasons, otherwise none). ParameterError
        is raised if a row holds anything but ids and titles, TitleError if a title is not that of one item.
        """
        options = {"k": 10, "exclude_seen": True, "explain": False} | (params or {})
        likes = [self._ids(row) for row in model_input["likes"]]
        n_reasons = REASONS if options["explain"] else 0
        lists = self.bundle.recommend(likes, options["k"], options["exclude_seen"], n_reasons)
        return [list(map(asdict, row)) for row in lists]

    def _ids(self, likes: Iterable[Any]) -> list[Any]:
        """Return ids as they are, and those of titles."""
        plain = [like.item() if isinstance(like, np.generic) else like for like in likes]
        if not all(isinstance(like, str | int) for like in plain):
            raise ParameterError("likes", "a list of item ids and titles a row", plain)
        return [
            self.bundle.find(like) if isinstance(like, str) and not self.bundle.knows(like) else like
            for like in plain
        ]


set_model(RecommenderModel())
