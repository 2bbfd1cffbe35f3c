"""The outcome of a job as the outcome of its trial, and the links of the job to its other records.

A job returns the value of its objective, or a sequence of them. With constraints it returns a mapping::

    {"values": 53.3, "constraints": {"at_least_100_rules": 100 - n_rules}}

A constraint is satisfied if its value is at most 0. Names are free; in a sequence the index is the name.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from optuna import TrialPruned
from optuna.trial import TrialState

from optuna_sweeper.errors import SweepError
from optuna_sweeper.results.schema import LINKS_FILE
from optuna_sweeper.safe_text import masked, printable_lines

log = logging.getLogger(__name__)


class ObjectiveError(SweepError):
    """The application did not return the values of its objectives."""


@dataclass(frozen=True)
class Outcome:
    """The end of a trial: COMPLETE with a value for each objective, PRUNED or FAIL with the error.

    Each constraint is satisfied if at most 0.
    """

    state: TrialState
    values: list[float] | None = None
    error: BaseException | None = None
    constraints: dict[str, float] = field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        """Why the trial is not complete: ``ValueError: no data``, without secrets."""
        if self.error is None:
            return None
        text = printable_lines(masked(str(self.error)))
        if isinstance(self.error, ObjectiveError | TrialPruned):
            return text or None
        return f"{type(self.error).__name__}: {text}" if text else type(self.error).__name__


def read_outcome(job: JobReturn, n_objectives: int) -> Outcome:
    """Return the outcome of a job that should have returned this number of values."""
    if job.status is not JobStatus.COMPLETED:
        # Not the property `return_value`, which logs a failure, also for a pruned job.
        error = job._return_value
        if isinstance(error, TrialPruned):
            return Outcome(TrialState.PRUNED, error=error)
        return Outcome(TrialState.FAIL, error=error)
    try:
        returned, constraints = _parts(job.return_value)
        values = _values(returned, n_objectives)
        return Outcome(TrialState.COMPLETE, values=values, constraints=constraints)
    except ObjectiveError as error:
        return Outcome(TrialState.FAIL, error=error)


def _parts(returned: Any) -> tuple[Any, dict[str, float]]:
    if not isinstance(returned, Mapping) or "values" not in returned:
        return returned, {}
    if returned.keys() != {"values", "constraints"}:
        raise ObjectiveError(f"The application must return values and constraints. Got {returned!r}.")
    given = returned["constraints"]
    if not isinstance(given, Mapping):
        given = dict(enumerate(given))
    return returned["values"], {str(name): _number(value, returned) for name, value in given.items()}


def _values(returned: Any, n_objectives: int) -> list[float]:
    value = returned.tolist() if hasattr(returned, "tolist") else returned  # NumPy, PyTorch, pandas
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    values = list(value) if several else [value]
    if len(values) != n_objectives:
        raise ObjectiveError(
            f"The application must return {_count(n_objectives)}, one for each of hydra.sweeper.direction. "
            f"Got {returned!r}."
        )
    return [_number(value, returned) for value in values]


def _number(value: Any, returned: Any) -> float:
    if not isinstance(value, str | bytes | bool):
        try:
            number = float(value)
        except (TypeError, ValueError):
            pass
        else:
            if not math.isnan(number):
                return number
    raise ObjectiveError(f"The application must return a number that is not NaN. Got {returned!r}.")


def _count(n_objectives: int) -> str:
    return "a number" if n_objectives == 1 else f"{n_objectives} numbers"


def read_links(folder: Path) -> dict[str, Any]:
    """Return ``links.json`` in a job's folder, e.g. ``{"mlflow_run_id": "..."}``, which the job may write.

    A file that is not a JSON object is ignored with a warning.
    """
    path = folder / LINKS_FILE
    try:
        links = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        links = None
    if isinstance(links, dict):
        return links
    log.warning("%s must be a JSON object; it is ignored.", path)
    return {}
