from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from optuna_sweeper.study.attributes import ANSWERED_FROM, DISCARDED, WARM_START, WORKER
from optuna_sweeper.workers.trial_allocation import TrialAllocation, enqueue_again
from optuna_sweeper.workers.worker import Worker, is_alive, process_start, this_machine


def record(**changes: Any) -> dict[str, Any]:
    me = {"machine": this_machine(), "pid": os.getpid(), "started": process_start(os.getpid())}
    return {**me, "seen": 100.0, "interval": 10.0, "ended": False, **changes}


def test_on_this_machine_a_process_is_known_by_its_start() -> None:
    assert is_alive(record(), now=1e9)
    assert not is_alive(record(started="7"), now=100)
    assert not is_alive(record(ended=True), now=100)


def test_a_process_that_ended_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    known = record(pid=child.pid, started=process_start(child.pid))
    assert is_alive(known, now=100)
    child.communicate(b"\n")
    assert not is_alive(known, now=100)


def beat_on_a_full_disk(ended: bool) -> None:
    raise OSError("the disk is full")


def test_one_of_this_process_that_could_not_sign_out_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    study = optuna.create_study()
    with Worker(study, 15) as living:
        failed = Worker(study, 15)
        failed.__enter__()
        assert living.alive() == {living.id, failed.id}
        monkeypatch.setattr(failed, "beat", beat_on_a_full_disk)
        with pytest.raises(OSError, match="full"):
            failed.__exit__()
        assert living.alive() == {living.id}


@pytest.mark.parametrize(("now", "alive"), [(100, True), (150, True), (151, False)])
def test_elsewhere_the_heartbeat_counts(now: float, alive: bool) -> None:
    assert is_alive(record(machine="another"), now) is alive


def test_the_heartbeat_goes_on_while_a_job_runs(tmp_path: Any) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}")
    with Worker(study, interval=0.001) as worker:
        key = f"worker:{worker.id}"
        first = study.user_attrs[key]["seen"]
        while study.user_attrs[key]["seen"] == first:
            pass
        assert worker.alive() == {worker.id}
    assert study.user_attrs[key]["ended"]


def test_no_two_draw_the_same() -> None:
    study = optuna.create_study()
    with Worker(study, 15) as first:
        assert first.seed_offset() == 0
        with Worker(study, 15) as second:
            assert len({0, first.seed_offset(), second.seed_offset()}) == 3
    with Worker(study, 15) as third:
        assert third.seed_offset() == 2  # continued alone: the same again


def test_places(study: optuna.Study) -> None:
    claims = TrialAllocation(study, Worker(study, 15), n_trials=2)
    assert claims.take({}) is not None
    assert claims.free() == 1
    assert claims.take({"x": "1"}) is not None
    assert (claims.free(), claims.others(), claims.complete()) == (0, [], False)
    assert claims.take({}) is None  # another process was faster
    assert [trial.state.name for trial in study.trials] == ["RUNNING", "RUNNING", "FAIL"]
    assert study.trials[2].user_attrs[DISCARDED] == "surplus"
    assert claims.free() == 0


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study()


def test_enqueued_trials_hold_their_places(study: optuna.Study) -> None:
    claims = TrialAllocation(study, Worker(study, 15), n_trials=1)
    study.enqueue_trial({"x": 1})
    study.add_trial(create_trial(state=TrialState.RUNNING))  # a process that asked before it was enqueued
    assert claims.free() == 0
    study.tell(1, state=TrialState.FAIL)


def test_what_does_not_count(study: optuna.Study) -> None:
    for attribute in (DISCARDED, WARM_START, ANSWERED_FROM):
        study.add_trial(create_trial(value=1, user_attrs={attribute: 0}))
    assert TrialAllocation(study, Worker(study, 15), n_trials=2).free() == 1
    assert TrialAllocation(study, Worker(study, 15), n_trials=2, distinct=True).free() == 2


def test_trials_of_dead_processes_are_asked_again(study: optuna.Study) -> None:
    with Worker(study, 15) as dead, Worker(study, 15) as living:
        TrialAllocation(study, living, 5).take({})
        lost = TrialAllocation(study, dead, 5).take({})
    assert lost is not None
    optuna.Trial(study, lost).suggest_float("x", 0, 1)
    with Worker(study, 15) as living:
        study._storage.set_trial_user_attr(0, WORKER, living.id)
        claims = TrialAllocation(study, Worker(study, 15), 5)
        claims.recover()
    assert [trial.state.name for trial in study.trials] == ["RUNNING", "FAIL", "WAITING"]
    again = claims.take({})
    assert again is not None
    assert optuna.Trial(study, again).suggest_float("x", 0, 1) == study.trials[1].params["x"]


def lose_a_trial(study: optuna.Study) -> None:
    with Worker(study, 15) as dead:
        lost = TrialAllocation(study, dead, 5).take({})
        assert lost is not None
        optuna.Trial(study, lost).suggest_float("x", 0, 1)


def killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_killed_before_a_lost_question_is_enqueued(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_trial(study)
    with monkeypatch.context() as patched, Worker(study, 15) as worker:
        patched.setattr("optuna_sweeper.workers.trial_allocation.enqueue_again", killed)
        with pytest.raises(KeyboardInterrupt):
            TrialAllocation(study, worker, 5).recover()
    assert [trial.state.name for trial in study.trials] == ["FAIL"]
    for _ in range(2):
        with Worker(study, 15) as worker:
            TrialAllocation(study, worker, 5).recover()
        assert [trial.state.name for trial in study.trials] == ["FAIL", "WAITING"]
    assert study.trials[1].system_attrs["fixed_params"] == study.trials[0].params


def test_a_lost_question_that_two_processes_enqueue_is_asked_once(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_a_trial(study)
    with Worker(study, 15) as first, Worker(study, 15) as second:

        def slow(study: optuna.Study, trial: Any) -> None:
            monkeypatch.undo()
            TrialAllocation(study, second, 5).recover()  # sees the trial failed, and not yet asked again
            enqueue_again(study, trial)

        monkeypatch.setattr("optuna_sweeper.workers.trial_allocation.enqueue_again", slow)
        claims = TrialAllocation(study, first, 5)
        claims.recover()
        assert [trial.state.name for trial in study.trials] == ["FAIL", "WAITING", "WAITING"]
        assert claims.take({}) == study.trials[1]._trial_id
        assert claims.take({}) is None
        assert study.trials[2].user_attrs[DISCARDED] == "surplus"
        TrialAllocation(study, second, 5).recover()
        assert claims.free() == 4
        assert len(study.trials) == 3


def test_a_finished_study_asks_nothing_again(study: optuna.Study) -> None:
    study.add_trial(create_trial(value=1))
    lost = create_trial(state=TrialState.FAIL, user_attrs={DISCARDED: "lost"})
    lost.system_attrs["fixed_params"] = {"x": 1}
    study.add_trial(lost)
    TrialAllocation(study, Worker(study, 15), 1).recover()
    assert len(study.trials) == 2
    TrialAllocation(study, Worker(study, 15), 2).recover()
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "WAITING"]


@pytest.mark.parametrize(("age", "lost"), [(5, False), (15, True)])
def test_a_trial_that_bears_no_name(study: optuna.Study, age: float, lost: bool) -> None:
    started = study.ask()._cached_frozen_trial.datetime_start
    assert started is not None
    with Worker(study, 15):  # it may be this one's
        worker = Worker(study, 15, clock=lambda: started.timestamp() + age)
        TrialAllocation(study, worker, 5).recover()
    assert (study.trials[0].state is TrialState.FAIL) is lost
