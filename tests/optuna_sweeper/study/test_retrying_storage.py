"""A database that is away for a while, without one: what Optuna's storage says of it is made up here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage, _CachedStorage
from optuna.trial import TrialState
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError, PendingRollbackError

from optuna_sweeper.study.attributes import DISCARDED
from optuna_sweeper.study.retrying_storage import RetryingStorage, lost_connection
from optuna_sweeper.workers.trial_allocation import TrialAllocation
from optuna_sweeper.workers.worker import Worker

SWEEPER = "optuna_sweeper"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[RetryingStorage]:
    made = RetryingStorage(RDBStorage(f"sqlite:///{tmp_path}/study.db"), timeout=60)
    yield made
    made.remove_session()


@pytest.fixture
def study(storage: RetryingStorage) -> optuna.Study:
    return optuna.create_study(storage=storage, study_name="study")


def away() -> StorageInternalError:
    """What Optuna raises when the connection breaks."""
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = OperationalError("SELECT 1", None, Exception("connection refused"))
    return error


def break_off(monkeypatch: pytest.MonkeyPatch, name: str, times: int, *, arrives: bool = False) -> list[str]:
    """Have an operation fail so many times; `arrives` says that it was done, and that the answer was lost."""
    operation: Callable[..., Any] = getattr(RDBStorage, name)
    calls: list[str] = []

    def breaking(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        if len(calls) > times:
            return operation(*args, **kwargs)
        if arrives:
            operation(*args, **kwargs)
        raise away()

    monkeypatch.setattr(RDBStorage, name, breaking)
    return calls


def test_it_is_asked_until_it_answers(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = break_off(monkeypatch, "set_study_user_attr", 3)
    study.set_user_attr("a", 1)
    assert (study.user_attrs, len(calls)) == ({"a": 1}, 4)
    assert [record.getMessage() for record in caplog.records if record.name.startswith(SWEEPER)] == [
        "hydra.sweeper.storage does not answer: (builtins.Exception) connection refused. It is asked again "
        "for hydra.sweeper.storage_timeout=60 seconds.",
        "hydra.sweeper.storage answers again.",
    ]


def test_whatever_asks_it_asks_again(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what Optuna declares alone: the best trial is a question of its own."""
    study.tell(study.ask(), 1.0)
    names = {name for name in vars(_CachedStorage) if not name.startswith("_")}
    assert names <= vars(RetryingStorage).keys()
    assert names >= BaseStorage.__abstractmethods__
    study._storage._read_at.clear()  # type: ignore[attr-defined]
    calls = break_off(monkeypatch, "_get_trials", 1)
    assert study.best_trial.number == 0
    assert len(calls) == 2


def test_of_a_stale_connection_nothing_is_said(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_off(monkeypatch, "_get_trials", 1)
    with caplog.at_level(logging.DEBUG, SWEEPER):
        assert study.trials == []
    assert not caplog.records


def test_an_answer_that_was_on_its_way_says_nothing(
    storage: RetryingStorage, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([away(), away(), RuntimeError("still away")])

    def fails() -> None:
        raise next(failures)

    def meanwhile(*_: object) -> None:  # in another thread
        with pytest.raises(RuntimeError, match="still away"):
            storage.retry(fails)

    engine = storage._backend.engine
    event.listen(engine, "after_cursor_execute", meanwhile, insert=True, once=True)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert "does not answer" in caplog.text
        assert "answers again" not in caplog.text
        connection.execute(text("SELECT 1"))
    assert caplog.text.count("answers again") == 1


def test_of_what_is_known_the_database_is_not_asked(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study.tell(study.ask(), 1.0)
    study._storage._read_at.clear()  # type: ignore[attr-defined]
    for name in ("get_best_trial", "_get_best_trial_id", "get_study_directions", "_get_trials"):
        break_off(monkeypatch, name, 3)
    assert study.directions == [optuna.study.StudyDirection.MINIMIZE]
    assert study.best_trial.number == 0
    assert caplog.text.count("does not answer") == caplog.text.count("answers again") == 1


def test_after_the_timeout_the_error_comes_through(
    study: optuna.Study, storage: RetryingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, gave_up = [0.0], storage._gave_up
    clock = SimpleNamespace(monotonic=lambda: now[0], time=time.time)
    monkeypatch.setattr("optuna_sweeper.study.retrying_storage.time", clock)
    monkeypatch.setattr(gave_up, "wait", lambda seconds: now.append(now.pop() + seconds))
    calls = break_off(monkeypatch, "_get_trials", 100)
    with pytest.raises(StorageInternalError):
        study.get_trials()
    tries = len(calls)
    assert now == [60.0]
    assert tries > 60 / 5  # the longest pause
    with pytest.raises(StorageInternalError):
        study.get_trials()
    assert len(calls) == tries + 1  # nothing that the end of the sweep does waits again


def test_other_errors_come_through_at_once(study: optuna.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def refuse(*args: Any) -> None:
        calls.append(args)
        raise StorageInternalError("value too long")

    monkeypatch.setattr(RDBStorage, "set_study_user_attr", refuse)
    with pytest.raises(StorageInternalError, match="too long"):
        study.set_user_attr("a", 1)
    assert len(calls) == 1


def test_ctrl_c_ends_the_waiting(
    study: optuna.Study, storage: RetryingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storage._gave_up, "wait", press)
    calls = break_off(monkeypatch, "_get_trials", 100)
    with pytest.raises(KeyboardInterrupt):
        study.get_trials()
    with pytest.raises(StorageInternalError):
        study.get_trials()
    assert len(calls) == 2


@pytest.mark.parametrize("arrives", [False, True])
def test_a_trial_is_told_once(study: optuna.Study, monkeypatch: pytest.MonkeyPatch, arrives: bool) -> None:
    trial = study.ask()
    break_off(monkeypatch, "set_trial_state_values", 2, arrives=arrives)
    study.tell(trial, 2.0)
    assert [(one.state, one.values) for one in study.trials] == [(TrialState.COMPLETE, [2.0])]


def test_a_trial_that_another_process_has_told_is_no_success(
    study: optuna.Study, storage: RetryingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.ask()
    storage.set_trial_state_values(1, TrialState.FAIL)
    break_off(monkeypatch, "set_trial_state_values", 1)
    with pytest.raises(UpdateFinishedTrialError):
        storage.set_trial_state_values(1, TrialState.COMPLETE, [2.0])


def test_a_trial_that_was_made_twice_is_given_back(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Worker(study, 15) as worker:
        claims = TrialAllocation(study, worker, n_trials=2)
        break_off(monkeypatch, "_create_new_trial", 1, arrives=True)
        taken = claims.take({})
        assert taken is not None
        assert study.trials[1]._trial_id == taken
        study.tell(1, 2.0)
        assert claims.free() == 0  # the first of the two holds a place
        claims.recover()
        assert [trial.state for trial in study.trials] == [TrialState.FAIL, TrialState.COMPLETE]
        assert study.trials[0].user_attrs[DISCARDED] == "lost"
        assert claims.free() == 1


def test_while_it_was_away_nobody_could_show_a_sign_of_life(
    study: optuna.Study, storage: RetryingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Worker(study, 10, clock=lambda: time.time() + 40) as worker:
        elsewhere = {"machine": "another", "pid": 1, "seen": 0.0, "interval": 10.0, "ended": False}
        study.set_user_attr("worker:elsewhere", elsewhere)
        assert worker.alive() == {worker.id}
        break_off(monkeypatch, "_get_trials", 1)
        study.get_trials()
        assert worker.alive() == {worker.id, "elsewhere"}


def test_what_says_that_it_is_away() -> None:
    error = away()
    assert lost_connection(error) is error.__cause__
    hiding = PendingRollbackError("Can't reconnect until invalid transaction is rolled back.")
    hiding.__context__ = error
    assert lost_connection(hiding) is error.__cause__
    assert lost_connection(ValueError()) is None
