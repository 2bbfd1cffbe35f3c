"""The outcome of a job as that of its trial, and the links of the job to its other records.

A job returns its objective, or a sequence. With constraints, satisfied if at most 0, it returns a mapping:
``{"values": 53.3, "constraints": {"at_least_100_rules": 100 - n_rules}}``.
"""

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
    """The end of a trial: COMPLETE with a value for each objective, PRUNED or FAIL with the error."""

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
        error = job._return_value  # the property `return_value` logs a failure, also for a pruned job
        is_pruned = isinstance(error, TrialPruned)
        return Outcome(TrialState.PRUNED if is_pruned else TrialState.FAIL, error=error)
    try:
        return _complete(job.return_value, n_objectives)
    except ObjectiveError as error:
        return Outcome(TrialState.FAIL, error=error)


def _complete(returned: Any, n_objectives: int) -> Outcome:
    value, given = returned, {}
    if isinstance(returned, Mapping) and "values" in returned:
        if returned.keys() != {"values", "constraints"}:
            raise ObjectiveError(f"The application must return values and constraints. Got {returned!r}.")
        value, given = returned["values"], returned["constraints"]
    named = given if isinstance(given, Mapping) else dict(enumerate(given))
    constraints = {str(name): _number(one, returned) for name, one in named.items()}
    value = value.tolist() if hasattr(value, "tolist") else value  # NumPy, PyTorch, pandas
    values = list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    if len(values) != n_objectives:
        count = "a number" if n_objectives == 1 else f"{n_objectives} numbers"
        raise ObjectiveError(
            f"The application must return {count}, one for each of hydra.sweeper.direction. Got {returned!r}."
        )
    return Outcome(TrialState.COMPLETE, [_number(one, returned) for one in values], constraints=constraints)


def _number(value: Any, returned: Any) -> float:
    try:
        number = math.nan if isinstance(value, str | bytes | bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise ObjectiveError(f"The application must return a number that is not NaN. Got {returned!r}.")
    return number


def read_links(folder: Path) -> dict[str, Any]:
    """Return ``links.json`` in a job's folder, e.g. ``{"mlflow_run_id": "..."}``, which a job may write."""
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
