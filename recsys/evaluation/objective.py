"""What a sweep optimises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys.errors import ParameterError
from recsys.evaluation.summary import METRICS
from recsys.parameters import require_choice

DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class Objective:
    """The metrics that a sweep optimises, each with its direction.

    Parameters
    ----------
    metrics : sequence of str
        Names of a run's metrics; more than one makes the search multi-objective.
    directions : sequence of {"maximize", "minimize"}
        One for each metric.

    Raises
    ------
    ParameterError
        If a metric or direction is unknown, or their numbers differ.
    """

    metrics: tuple[str, ...]
    directions: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("metrics", "directions"):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, (list, tuple)) or not value:
                raise ParameterError(name, "a list of at least one name", value)
            object.__setattr__(self, name, tuple(value))
        for metric in self.metrics:
            require_choice("metrics", metric, METRICS)
        for direction in self.directions:
            require_choice("directions", direction, DIRECTIONS)
        if len(self.metrics) != len(self.directions):
            rule = f"one for each of the {len(self.metrics)} metrics"
            raise ParameterError("directions", rule, list(self.directions))

    def __call__(self, metrics: Mapping[str, float]) -> float | tuple[float, ...]:
        """Return the value of a run: a number, or a tuple of them for several metrics."""
        values = tuple(float(metrics[name]) for name in self.metrics)
        return values[0] if len(values) == 1 else values
