from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hydra.core.utils import JobReturn, JobStatus
from optuna import TrialPruned
from optuna.trial import TrialState

from optuna_sweeper.jobs.outcome import read_outcome


def job(value: Any) -> JobReturn:
    status = JobStatus.FAILED if isinstance(value, Exception) else JobStatus.COMPLETED
    return JobReturn(status=status, _return_value=value)


@pytest.mark.parametrize(
    ("returned", "values"),
    [
        (1, [1.0]),
        (0.5, [0.5]),
        ([2], [2.0]),
        (np.float32(0.5), [0.5]),
        (np.array(3), [3.0]),
        (float("inf"), [float("inf")]),
        ((1, 2.5), [1.0, 2.5]),
        (np.array([1, 2]), [1.0, 2.0]),
    ],
)
def test_values(returned: Any, values: list[float]) -> None:
    outcome = read_outcome(job(returned), len(values))
    assert outcome.state is TrialState.COMPLETE
    assert outcome.values == values
    assert outcome.reason is None


@pytest.mark.parametrize(
    ("returned", "n_objectives", "reason"),
    [
        (None, 1, "a number that is not NaN. Got None"),
        (float("nan"), 1, "a number that is not NaN. Got nan"),
        ("0.5", 1, "a number that is not NaN. Got '0.5'"),
        (True, 1, "a number that is not NaN. Got True"),
        ({"loss": 1}, 1, "a number that is not NaN"),
        ([1, 2], 1, "must return a number, one for each of hydra.sweeper.direction. Got [1, 2]"),
        (1, 2, "must return 2 numbers"),
        ((1, 2, 3), 2, "must return 2 numbers"),
        ((1, float("nan")), 2, "not NaN"),
        ("ab", 2, "must return 2 numbers"),
        (ValueError("no data"), 1, "ValueError: no data"),
        (KeyError(), 1, "KeyError"),
    ],
)
def test_failures(returned: Any, n_objectives: int, reason: str) -> None:
    outcome = read_outcome(job(returned), n_objectives)
    assert outcome.state is TrialState.FAIL
    assert outcome.values is None
    assert outcome.reason is not None
    assert reason in outcome.reason


def test_pruned(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = read_outcome(job(TrialPruned()), 1)
    assert outcome.state is TrialState.PRUNED
    assert outcome.reason is None
    assert capsys.readouterr().err == ""
