"""A full disk ends a sweep with a clear message; once there is room, it continues to the exact total."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from optuna.trial import TrialState

from optuna_sweeper.results import files as _results

SPACE = ("x=interval(-1, 1)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")
TOTAL = "hydra.sweeper.n_trials=5"
GO_ON = "the same command with the same hydra.sweeper.study_name continues it when this is repaired."


@pytest.fixture
def limit() -> Any:
    """Let no file of this process grow by more than so many bytes, from the job with number 2 on."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(path: Path, room: int) -> Any:
        def task(cfg: Any) -> float:
            if HydraConfig.get().job.num == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, limits[1]))
            return float(cfg.x)

        return task

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def assert_exact(trials: list[optuna.trial.FrozenTrial]) -> None:
    states = [trial.state for trial in trials]
    assert states.count(TrialState.COMPLETE) == 5
    assert set(states) <= {TrialState.COMPLETE, TrialState.FAIL}
    assert all(trial.user_attrs["discarded"] for trial in trials if trial.state is TrialState.FAIL)


@pytest.mark.parametrize("room", [0, 50, 300])
def test_the_journal(app: Any, limit: Any, room: int) -> None:
    kept = (f"hydra.sweeper.storage='journal:{app.journal}'", "hydra.sweeper.study_name=study")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(
        HydraException, match=r"journal\.log cannot be written: .*\. The sweep has ended"
    ) as caught:
        app.sweep(*SPACE, TOTAL, *kept, task=limit(app.journal, room))
    assert str(caught.value).endswith(GO_ON)
    assert app.results["ended_by"] == "error"
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)  # somebody made room
    assert [trial.state for trial in app.study().trials[:2]] == [TrialState.COMPLETE] * 2
    app.sweep(*SPACE, TOTAL, *kept)
    assert_exact(app.study().trials)
    assert not app.journal.with_suffix(".log.torn").exists()


def test_a_database(app: Any, limit: Any) -> None:
    path = app.folder / "study.db"
    kept = (f"hydra.sweeper.storage='sqlite:///{path}'", "hydra.sweeper.study_name=study")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(
        HydraException, match=r"^hydra\.sweeper\.storage failed: sqlite:///.*\(sqlite3\."
    ) as caught:
        app.sweep(*SPACE, TOTAL, *kept, task=limit(path, -100_000))  # it writes into the pages that it has
    assert str(caught.value).endswith(GO_ON)
    assert "\n" not in str(caught.value)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    app.sweep(*SPACE, TOTAL, *kept)
    assert_exact(optuna.load_study(study_name="study", storage=f"sqlite:///{path}").trials)


@pytest.mark.parametrize("name", ["optimization_results.yaml", "trials.csv"])
def test_the_results(app: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write, calls = _results.atomic_write, []

    def write_until_full(path: Path, text: str) -> None:
        calls.append(path.name)
        if path.name == name and calls.count(name) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, text)

    monkeypatch.setattr(_results, "atomic_write", write_until_full)
    with pytest.raises(HydraException, match=f"{name} cannot be written: No space left on device"):
        app.sweep(*SPACE, TOTAL, *app.kept)
    assert [trial.state for trial in app.study().trials] == [TrialState.COMPLETE] * 2
    monkeypatch.undo()
    app.sweep(*SPACE, TOTAL, *app.kept)
    assert_exact(app.study().trials)
    assert app.results["n_trials"]["complete"] == len(app.trials) == 5


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_job_finds_no_room(app: Any, code: int) -> None:
    """It says nothing about the parameters, so it is no failure that counts."""

    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == 2:
            raise OSError(code, os.strerror(code), "/data/rules.parquet")
        return float(cfg.x)

    batch, rate = "hydra.sweeper.n_jobs=2", "hydra.sweeper.max_failure_rate=1"
    with pytest.raises(HydraException, match=r"^/data/rules\.parquet cannot be written: "):
        app.sweep(*SPACE, TOTAL, *app.kept, batch, rate, task=task)
    states = [trial.state for trial in app.study().trials[:4]]
    assert states == [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]
    app.sweep(*SPACE, TOTAL, *app.kept)
    assert app.study().trials[4].params == app.study().trials[2].params
    assert_exact(app.study().trials)
    assert app.study().trials[2].params["x"] != app.study().trials[3].params["x"]
