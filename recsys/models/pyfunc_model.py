"""A bundle as an MLflow model, written as code: MLflow runs this file where it loads the model.

A row holds what somebody likes, item ids or titles, the latest last; the answer to it is a list of
recommendations. `recsys.models.mlflow_model` logs it.
"""

from __future__ import annotations

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
        """Read the bundle, and have its kernels compiled before anybody waits for them."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))
        self.bundle.recommend([self.bundle.item_ids[:1]], n_reasons=1)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[list[dict[str, Any]]]:
        """Return a list of recommendations for each row.

        Parameters
        ----------
        context : mlflow.pyfunc.PythonModelContext
        model_input : DataFrame
            With a column `likes`, of lists.
        params : dict, optional
            `k`, `exclude_seen` and `explain`, as in the signature.

        Returns
        -------
        list of list of dict
            `item_id, title, score, source, reasons`; at most three reasons, none unless `explain` is true.

        Raises
        ------
        ParameterError
            If a row holds something else than ids and titles, or k is no number of at least 1.
        TitleError
            If a title is not clear.
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
