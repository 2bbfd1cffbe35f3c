"""System metrics, if MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING is true: those of MLflow, with its variables.

The sender measures them, on the machine that runs the trials but beside them: no trial is slowed down. They
go through the queue, as all metrics.
"""

from __future__ import annotations

import math
import time
from typing import Any, Self

from recsys.errors import ParameterError
from recsys.tracking.entry import Metric, now

PREFIX = "system/"  # MLflow's UI shows these metrics on a page of their own
INTERVAL = 10.0  # seconds, MLflow's default


class SystemMetrics:
    """Processor, memory, disk and network of this machine: means of samples, `interval` seconds apart."""

    def __init__(self, interval: float, n_samples: int, node: str | None) -> None:
        from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
        from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
        from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

        self.interval, self.n_samples = interval, n_samples
        self._prefix = f"{PREFIX}{node}/" if node else PREFIX
        self._monitors = CPUMonitor(), DiskMonitor(), NetworkMonitor()  # type: ignore[no-untyped-call]
        self._n_taken, self._next = 0, -math.inf

    @classmethod
    def from_environment(cls) -> Self | None:
        """Read MLflow's variables; None unless they turn system metrics on.

        Raises ParameterError if the value of one is invalid.
        """
        from mlflow import environment_variables as variables

        enabled = _read(variables.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING, "true or false")
        interval = _read(variables.MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL, "seconds, at least 0.1", 0.1)
        n_samples = _read(variables.MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING, "an integer, at least 1", 1)
        node = _read(variables.MLFLOW_SYSTEM_METRICS_NODE_ID, "a name", "")
        return cls(interval or INTERVAL, n_samples or 1, node) if enabled else None

    def sample(self, clock: float, *, is_last: bool = False) -> list[Metric]:
        """Measure if it is time; return the metrics if there are enough samples, or these are the last."""
        if clock >= self._next or is_last:
            self._next = clock + self.interval
            self._n_taken += 1
            for monitor in self._monitors:
                monitor.collect_metrics()  # type: ignore[no-untyped-call]
        if self._n_taken < self.n_samples and not is_last:
            return []
        found: dict[str, Any] = {}
        for monitor in self._monitors:
            found |= monitor.aggregate_metrics()  # type: ignore[no-untyped-call]
            monitor.clear_metrics()  # type: ignore[no-untyped-call]
        self._n_taken = 0
        # Steps that ascend when a study is continued, too, whose earlier steps this process does not know.
        return [(self._prefix + name, value, now(), int(time.time())) for name, value in found.items()]


def _read(variable: Any, rule: str, minimum: Any = False) -> Any:
    """Return the value of a variable of MLflow's, None if it is not set."""
    try:
        value = variable.get()
    except ValueError:
        value = math.nan
    if value is None or value >= minimum:
        return value
    raise ParameterError(variable.name, rule, variable.get_raw(), "Unset it for MLflow's default.")
