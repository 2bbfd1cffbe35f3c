"""The data that a version was measured on, and its metrics, as MLflow shows them beside the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, Self

from recsys.evaluation import Slice
from recsys.mlflow_store.names import name_of
from recsys.runs.refit import Measurement

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, Metric

DIGITS = 36  # of a digest, at most, in MLflow
PREFIX = "test_"  # of metrics: a run has those of the validation part under the plain names


@dataclass(frozen=True)
class EvaluationData:
    """A test part, the metrics on all of it, and those of groups of users and of items."""

    name: str
    digest: str
    n_users: int
    metrics: Mapping[str, float]
    slices: Sequence[Slice]

    @classmethod
    def of(cls, measured: Measurement, slices: Sequence[Slice], metadata: Mapping[str, Any]) -> Self:
        """Describe the test part of a measurement; `metadata` is that of the bundle."""
        settings = metadata["config"]["preprocessing"], repr(measured.evaluation)
        text = json.dumps([metadata["ratings_digest"], *settings], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        name = f"{metadata['dataset']}, test part"
        return cls(name, digest, len(measured.ranking.users), measured.ranking.metrics, slices)

    def log(self, client: MlflowClient, run_id: str, model_id: str) -> None:
        """Record the metrics of a model in MLflow, on a run, and the data as an input of the run."""
        from mlflow.entities import DatasetInput, InputTag

        context = InputTag("mlflow.data.context", "test")
        client.log_inputs(run_id, [DatasetInput(self._dataset(), [context])])
        client.log_batch(run_id, self._points(model_id))

    def _dataset(self) -> Dataset:
        from mlflow.entities import Dataset

        profile = json.dumps({"num_rows": self.n_users})
        return Dataset(self.name, self.digest, "code", json.dumps({"dataset": self.name}), profile=profile)

    def _points(self, model_id: str) -> list[Metric]:
        """Return the metrics on all data, in their order, then those of groups: ndcg_at_10/users who ..."""
        from mlflow.entities import Metric

        values = {name_of(PREFIX + name): value for name, value in self.metrics.items()}
        for one in self.slices:
            group = one.name.replace(",", "")
            values[name_of(f"{PREFIX}{one.metric}/{group}")] = one.value.value
        at, data = int(time() * 1000), (self.name, self.digest)
        return [Metric(name, value, at, 0, model_id, *data, run_id=None) for name, value in values.items()]
