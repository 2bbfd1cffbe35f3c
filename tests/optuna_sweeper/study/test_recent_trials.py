"""Copies of the trials of a study in a database: they are as in the database, and read seldom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import event

from optuna_sweeper.study import recent_trials
from optuna_sweeper.study.recent_trials import RecentTrialsStorage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[RecentTrialsStorage]:
    made = RecentTrialsStorage(RDBStorage(f"sqlite:///{tmp_path}/study.db"))
    yield made
    made.remove_session()


@pytest.fixture
def study(storage: RecentTrialsStorage) -> optuna.Study:
    return optuna.create_study(storage=storage, study_name="study")


@pytest.fixture
def statements(storage: RecentTrialsStorage) -> list[str]:
    """The statements that the database is sent."""
    sent: list[str] = []
    event.listen(
        storage._backend.engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2])
    )
    return sent


def test_what_is_written_is_known_as_the_database_has_it(
    study: optuna.Study, storage: RecentTrialsStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 60)
    trial = study.ask()
    study.get_trials(deepcopy=False)
    trial.suggest_float("rate", 1e-3, 1, log=True)
    trial.suggest_int("depth", 1, 9, step=2)
    trial.suggest_categorical("engine", ("a", None, 2.5))
    trial.report(0.5, 0)
    trial.report(float("nan"), 1)
    trial.set_user_attr("pair", (1, {"two": 2}))
    trial.set_constraint("memory", -1.0)
    (known,) = study.get_trials(deepcopy=False)
    (stored,) = storage._backend.get_all_trials(study._study_id)
    assert repr(known) == repr(stored)  # nan is not equal to itself
    assert storage.get_trial(trial._trial_id).user_attrs["pair"] == [1, {"two": 2}]


def test_a_list_of_trials_stays_as_it_was(study: optuna.Study) -> None:
    trial = study.ask()
    (before,) = study.get_trials(deepcopy=False)
    trial.set_user_attr("a", 1)
    assert before.user_attrs == {}


def test_the_trials_are_read_when_one_is_told(
    study: optuna.Study, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 60)
    trial = study.ask()
    study.get_trials(deepcopy=False)
    statements.clear()
    trial.set_user_attr("a", 1)
    assert [one.user_attrs for one in study.get_trials()] == [{"a": 1}]
    assert len(statements) == 2  # the trial, and its attribute
    study.tell(trial, 2.0)
    assert study.best_trial.value == 2.0
    n_statements = len(statements)
    assert study.best_trial.number == 0
    assert len(statements) == n_statements


def test_a_trial_costs_as_many_statements_in_a_long_study(
    study: optuna.Study, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 60)
    counts = []
    for _ in range(5):
        statements.clear()
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, 1.0)
        assert study.best_trial.number == 0
        counts.append(len(statements))
    assert counts[1:] == counts[-1:] * 4


def test_what_another_process_writes_is_seen_soon(
    study: optuna.Study, storage: RecentTrialsStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 0)
    study.ask()
    assert study.trials[0].state is TrialState.RUNNING
    storage._backend.set_trial_state_values(1, TrialState.FAIL)
    assert study.trials[0].state is TrialState.FAIL


@pytest.mark.parametrize("write", ["user_attr", "system_attr", "param", "intermediate_value", "state_values"])
def test_a_refused_write_shows_what_another_process_wrote(
    study: optuna.Study, storage: RecentTrialsStorage, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 60)
    trial_id = study.ask()._trial_id
    assert storage.get_trial(trial_id).state is TrialState.RUNNING
    storage._backend.set_trial_state_values(trial_id, TrialState.FAIL)
    assert storage.get_trial(trial_id).state is TrialState.RUNNING
    arguments: dict[str, tuple[Any, ...]] = {
        "param": ("x", 0.5, optuna.distributions.FloatDistribution(0, 1)),
        "intermediate_value": (0, 1.0),
        "state_values": (TrialState.COMPLETE, [1.0]),
    }
    with pytest.raises(UpdateFinishedTrialError):
        getattr(storage, f"set_trial_{write}")(trial_id, *arguments.get(write, ("key", 1)))
    assert storage.get_trial(trial_id).state is TrialState.FAIL


def test_an_attribute_of_the_study_has_the_trials_read(
    study: optuna.Study, storage: RecentTrialsStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that enters an exclusive section must see what the one before it enqueued there."""
    monkeypatch.setattr(recent_trials, "_MAX_AGE", 60)
    assert study.get_trials(deepcopy=False) == []
    storage._backend.create_new_trial(study._study_id)
    assert study.get_trials(deepcopy=False) == []
    study.set_user_attr("ticket", 1)
    assert len(study.get_trials(deepcopy=False)) == 1
