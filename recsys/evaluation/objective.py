"""Objective of a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys.errors import ParameterError
from recsys.evaluation.policies import COST, WITHOUT
from recsys.evaluation.ranking import metric_names
from recsys.evaluation.repeats import REPEATS
from recsys.evaluation.splits.evaluation import Evaluation
from recsys.evaluation.summary import METRICS
from recsys.evaluation.value import VALUE
from recsys.metrics import DIRECTIONS, SERVING_TIME, cutoff
from recsys.parameters import require_choice, require_number

# Metrics of the lists, without their cut-offs.
OF_EVERY_LIST = (name.partition("@")[0] for name in metric_names([1]) if "@" in name)
RANKING = (*OF_EVERY_LIST, *REPEATS, *VALUE, WITHOUT, COST)
BOUNDS = {"at_least": ">=", "at_most": "<="}


@dataclass(frozen=True)
class Objective:
    """Metrics to optimize, each with its direction. Unknown ones raise ParameterError.

    Parameters
    ----------
    metrics : sequence of str
        Names of a run's metrics; several make the search multi-objective.
    directions : sequence of {"maximize", "minimize"}
        One for each metric.
    constraints : mapping of str to mapping, optional
        Bounds that the best run must keep: `{"n_rules": {"at_least": 100, "at_most": 200_000}}`.
    """

    metrics: tuple[str, ...]
    directions: tuple[str, ...]
    constraints: Any = None

    def __post_init__(self) -> None:
        for name in ("metrics", "directions"):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, (list, tuple)) or not value:
                raise ParameterError(name, "a list of at least one name", value)
            object.__setattr__(self, name, tuple(value))
        for metric in self.metrics:
            _require_metric("metrics", metric)
        for direction in self.directions:
            require_choice("directions", direction, DIRECTIONS)
        if len(self.metrics) != len(self.directions):
            rule = f"one for each of the {len(self.metrics)} metrics"
            raise ParameterError("directions", rule, list(self.directions))
        object.__setattr__(self, "constraints", _read_constraints(self.constraints))

    def __call__(self, metrics: Mapping[str, float]) -> Any:
        """Return the result of a trial: the value, or a tuple of values.

        With constraints, a dictionary of "values" and "constraints": by how much each bound is missed, 0 or
        less where it is kept.
        """
        values = self.values(metrics)
        result = values[0] if len(values) == 1 else values
        if not self.constraints:
            return result
        missed = {
            f"{name}{BOUNDS[side]}{bound:.10g}": (bound - _value(metrics, "constraints", name))
            * (1 if side == "at_least" else -1)
            for name, side, bound in self.constraints
        }
        return {"values": result, "constraints": missed}

    def check(self, evaluation: Evaluation) -> None:
        """Raise ParameterError if a metric or a constraint is not measured by the evaluation."""
        for metric in (*self.metrics, *(name for name, _, _ in self.constraints)):
            if metric in METRICS:
                continue
            if not evaluation.holds_out:
                rule = f"one of {', '.join(METRICS)} with evaluation=none, which measures no recommendations"
                raise ParameterError("objective.metrics", rule, metric, "Set evaluation=auto.")
            if metric == SERVING_TIME:
                continue
            if metric.partition("@")[0] in REPEATS and not evaluation.repeats:
                rule = "one without repeats for an evaluation that recommends new items only"
                cure = "Set objective=ndcg, or, for orders of customers, evaluation=next_basket."
                raise ParameterError("objective.metrics", rule, metric, cure)
            k = cutoff(metric)
            if k not in evaluation.cutoffs:
                wanted = ",".join(map(str, sorted({*evaluation.cutoffs, k})))
                cure = f"Set 'evaluation.cutoffs=[{wanted}]'."
                raise ParameterError("objective.metrics", "cut at one of evaluation.cutoffs", metric, cure)

    def values(self, metrics: Mapping[str, float]) -> tuple[float, ...]:
        """Return the value of each metric; raise ParameterError if the run has not measured one."""
        return tuple(_value(metrics, "metrics", name) for name in self.metrics)


def _require_metric(parameter: str, name: Any) -> None:
    """Raise ParameterError unless it is a metric of a run, or one of its lists with a cut-off."""
    of_lists = str(name).partition("@")[0] in RANKING and cutoff(str(name))
    if name not in (*METRICS, SERVING_TIME) and not of_lists:
        known = ", ".join((*METRICS, SERVING_TIME, *(f"{metric}@k" for metric in RANKING)))
        raise ParameterError(parameter, f"one of {known} (with a number for k, as ndcg@10)", name)


def _value(metrics: Mapping[str, float], parameter: str, name: str) -> float:
    if name not in metrics:
        rule = "measured by the run; these data have no value of it"
        cure = f"Set objective={'ndcg' if 'ndcg@10' in metrics else 'max_lift'}."
        if parameter == "constraints":
            cure = "Set objective.constraints=null."
        raise ParameterError(f"objective.{parameter}", rule, name, cure)
    return float(metrics[name])


def _read_constraints(given: Any) -> tuple[tuple[str, str, float], ...]:
    """Return (metric, "at_least" or "at_most", bound) for each bound."""
    rule = "metrics with their bounds, such as {n_rules: {at_least: 100, at_most: 200000}}"
    if not isinstance(given or {}, Mapping):
        raise ParameterError("constraints", rule, given)
    read = []
    for name, bounds in (given or {}).items():
        _require_metric("constraints", name)
        if not isinstance(bounds, Mapping) or not bounds:
            raise ParameterError(f"constraints.{name}", "at_least, at_most or both, as a mapping", bounds)
        for side, bound in bounds.items():
            require_choice(f"constraints.{name}", side, BOUNDS)
            read.append((name, side, require_number(f"constraints.{name}.{side}", bound)))
    return tuple(read)
