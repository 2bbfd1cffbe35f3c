"""n_trials is a total: studies that are continued, finished, killed, and shared by several processes."""

from __future__ import annotations

import os
import signal
from typing import Any

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from optuna.trial import TrialState

from optuna_sweeper.study.attributes import DISCARDED, INSTEAD_OF, JOB_DIR, WORKER
from optuna_sweeper.study.journal import JournalFile
from optuna_sweeper.workers import trial_allocation as _claims
from optuna_sweeper.workers.trial_allocation import discard, enqueue_again
from tests.optuna_sweeper.workers.children import die, end_of, in_child

SPACE = ("x=interval(-1, 1)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")
COMPLETE, FAIL, RUNNING = TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING


def journal(app: Any) -> tuple[str, str]:
    return f"hydra.sweeper.storage='journal:{app.journal}'", "hydra.sweeper.study_name=study"


def die_at_write(number: int, moment: str) -> None:
    """Be killed before, amid or after the so manyth write to the journal."""
    append, writes = JournalFile.append_logs, []

    def append_and_die(journal: JournalFile, logs: Any) -> None:
        writes.append(logs)
        if len(writes) != number:
            return append(journal, logs)
        if moment == "after":
            append(journal, logs)
        elif moment == "amid":
            with journal._locked() as file:  # as a writer is: two never write at once
                journal._repair(file)
                file.write(b'{"op_code": 6, "wor')
                die()
        die()

    JournalFile.append_logs = append_and_die  # type: ignore[method-assign]


def assert_exact(app: Any, n_trials: int) -> list[optuna.trial.FrozenTrial]:
    trials: list[optuna.trial.FrozenTrial] = app.study().trials
    states = [trial.state for trial in trials]
    assert states.count(COMPLETE) == n_trials
    assert set(states) <= {COMPLETE, FAIL}
    assert all(trial.user_attrs[DISCARDED] for trial in trials if trial.state is FAIL)
    folders = [trial.user_attrs[JOB_DIR] for trial in trials if trial.state is COMPLETE]
    assert len(set(folders)) == n_trials
    assert [int(row["number"]) for row in app.trials] == list(range(len(trials)))
    return trials


def test_a_finished_study_runs_nothing(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        app.sweep(*SPACE, "hydra.sweeper.n_trials=2", *journal(app))
    output = capsys.readouterr().out
    assert output.count("Launching") == 2
    assert "Study study is finished: it has 2 trials of hydra.sweeper.n_trials=2. Nothing is run." in output
    assert_exact(app, 2)


def test_failed_and_pruned_trials_are_finished(app: Any) -> None:
    def task(cfg: Any) -> float:
        number = HydraConfig.get().job.num
        if number == 0:
            raise ValueError("no data")
        if number == 1:
            raise optuna.TrialPruned
        return float(cfg.x)

    for n_trials in (3, 4):
        allowed = ("hydra.sweeper.max_failure_rate=1", f"hydra.sweeper.n_trials={n_trials}")
        app.sweep(*SPACE, *allowed, *journal(app), task=task)
    assert app.results["n_trials"] == {"complete": 2, "pruned": 1, "fail": 1}


def test_a_name_is_made_up_and_how_to_continue_is_said(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    app.sweep(
        *SPACE,
        "hydra.sweeper.n_trials=1",
        journal(app)[0],
        task=lambda cfg: seen.append(HydraConfig.get().sweeper.study_name) or 1.0,
    )
    name = app.results["study_name"]
    assert name.startswith("app-2")
    assert seen == [name]
    assert f"hydra.sweeper.study_name='{name}'" in capsys.readouterr().out.replace("\\", "").replace(
        f"hydra.sweeper.study_name={name}", f"hydra.sweeper.study_name='{name}'"
    )


def test_relative_paths_hold_when_jobs_change_the_folder(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app.folder)
    kept = ("hydra.sweeper.storage='journal:new/folder/study.log'", "hydra.sweeper.study_name=study")
    app.sweep(*SPACE, "hydra.sweeper.n_trials=2", "hydra.job.chdir=true", *kept)
    assert [path.name for path in app.folder.rglob("study.log")] == ["study.log"]
    assert (app.folder / "new/folder/study.log").exists()


@pytest.mark.parametrize(
    ("write", "moment"),
    [(3, "after"), (4, "before"), (5, "amid"), (6, "after"), (9, "before"), (11, "after"), (12, "amid")],
)
def test_killed_and_continued(app: Any, write: int, moment: str) -> None:
    def work() -> None:
        die_at_write(write, moment)
        app.sweep(*SPACE, "hydra.sweeper.n_trials=4", *journal(app))

    assert end_of(in_child(work)) == -signal.SIGKILL
    app.sweep(*SPACE, "hydra.sweeper.n_trials=4", *journal(app))
    assert_exact(app, 4)


@pytest.mark.parametrize("storage", ["journal", "sqlite"])
def test_killed_in_a_job(app: Any, storage: str) -> None:
    url = f"sqlite:///{app.folder / 'study.db'}"
    kept = journal(app) if storage == "journal" else (f"hydra.sweeper.storage={url}", journal(app)[1])

    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == 1:
            die()
        return float(cfg.x)

    killed = in_child(lambda: app.sweep(*SPACE, "hydra.sweeper.n_trials=3", *kept, task=task))
    assert end_of(killed) == -signal.SIGKILL
    app.sweep(*SPACE, "hydra.sweeper.n_trials=3", *kept)
    trials = optuna.load_study(study_name="study", storage=url).trials if storage == "sqlite" else None
    trials = trials or assert_exact(app, 3)
    assert [trial.state for trial in trials] == [COMPLETE, FAIL, COMPLETE, COMPLETE]
    assert trials[1].user_attrs[DISCARDED] == "lost"
    assert trials[2].user_attrs[INSTEAD_OF] == 1
    assert trials[2].params == trials[1].params


def test_killed_again_before_the_lost_question_is_enqueued(app: Any) -> None:
    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == 1:
            die()
        return float(cfg.x)

    def work(**more: Any) -> int:
        return end_of(in_child(lambda: app.sweep(*SPACE, "hydra.sweeper.n_trials=3", *journal(app), **more)))

    def die_instead() -> None:
        _claims.enqueue_again = lambda *_: die()
        app.sweep(*SPACE, "hydra.sweeper.n_trials=3", *journal(app))

    assert work(task=task) == -signal.SIGKILL
    assert end_of(in_child(die_instead)) == -signal.SIGKILL
    assert work() == 0
    trials = assert_exact(app, 3)
    assert [trial.params for trial in trials].count(trials[1].params) == 2


def test_a_lost_point_of_a_grid_is_asked_again(app: Any) -> None:
    grid = ("x=range(4)", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=1", *journal(app))

    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == 3:
            die()
        return float(cfg.x)

    assert end_of(in_child(lambda: app.sweep(*grid, task=task))) == -signal.SIGKILL
    app.sweep(*grid)
    assert {trial.params["x"] for trial in assert_exact(app, 4) if trial.state is COMPLETE} == {0, 1, 2, 3}


def test_parameters_that_were_enqueued_twice_wait_for_a_larger_total(app: Any) -> None:
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *journal(app))
    study = app.study()
    lost = study.ask({"x": optuna.distributions.FloatDistribution(-1.0, 1.0)})
    lost.set_user_attr(WORKER, "gone")
    discard(study, study.trials[1], "lost", "The process that ran it is gone.")
    for _ in range(2):  # as two processes do at once, while a third runs the last trial
        enqueue_again(study, study.trials[1])
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *journal(app))
    assert [trial.user_attrs[DISCARDED] for trial in assert_exact(app, 1)[1:]] == [
        "lost",
        "surplus",
        "surplus",
    ]
    app.sweep(*SPACE, "hydra.sweeper.n_trials=3", *journal(app))
    trials = assert_exact(app, 3)
    assert [trial.params for trial in trials if trial.state is COMPLETE].count(trials[1].params) == 1


def test_several_processes_some_of_them_killed(app: Any) -> None:
    """Amid the registration, the agreement on the identity, the first trial, and later ones."""
    started, starting = os.pipe()
    killed, doomed = os.pipe()

    def work(write: int | None = None) -> None:
        os.close(starting)
        os.read(started, 1)  # until all are there: one alone is done before the last has started
        if write:
            die_at_write(write, "amid")
        else:
            os.close(doomed)
        jobs = []

        def task(cfg: Any) -> float:
            jobs.append(cfg)
            if not write and len(jobs) == 2:
                os.read(killed, 1)  # until all are, who would else find nothing left to do on a slow day
            return float(cfg.x)

        app.sweep(*SPACE, "hydra.sweeper.n_trials=36", *journal(app), task=task)

    children = [in_child(lambda write=write: work(write)) for write in (None, None, 2, 4, 5, 9, 20)]
    for end in (starting, started, doomed, killed):
        os.close(end)
    assert [end_of(pid) for pid in children] == [0, 0, *[-signal.SIGKILL] * 5]
    trials = assert_exact(app, 36)
    assert len({trial.user_attrs[WORKER] for trial in trials}) >= 2


@pytest.mark.parametrize(
    ("overrides", "difference"),
    [
        (
            ["x=interval(-2,1)"],
            r"x was FloatDistribution\(.*low=-1.0.*\) and is FloatDistribution\(.*low=-2.0",
        ),
        (["x=interval(-1,1)", "y=1,2"], r"y is new \(CategoricalDistribution"),
        (["x=interval(-1,1)", "word=b"], r"word was a and is b\."),
        (["y=1,2"], r"x is gone .*; y is new"),
    ],
)
def test_another_question_is_refused(app: Any, overrides: list[str], difference: str) -> None:
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *journal(app))
    with pytest.raises(HydraException, match=f"^The study study has another identity: {difference}"):
        app.sweep(*overrides, "hydra.sweeper.n_trials=2", *journal(app))
    assert len(app.study().trials) == 1
    app.sweep(*overrides, "hydra.sweeper.n_trials=2", "hydra.sweeper.allow_changes=true", *journal(app))
    assert len(app.study().trials) == 2


@pytest.mark.parametrize("changed", ["x=1,2", "x=range(0,3)", "x=tag(log,interval(0.1,1))"])
def test_changes_that_no_study_can_have(app: Any, changed: str) -> None:
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *journal(app))
    with pytest.raises(
        HydraException, match=r"^x was FloatDistribution\(.*\) in the study study and is .*: Opt"
    ):
        app.sweep(changed, "hydra.sweeper.n_trials=2", "hydra.sweeper.allow_changes=true", *journal(app))
    app.sweep(*SPACE, "hydra.sweeper.n_trials=2", *journal(app))  # it is as it was
    assert [trial.state for trial in app.study().trials] == [COMPLETE, COMPLETE]


def test_a_continued_study_does_not_draw_the_same_again(app: Any) -> None:
    for n_trials in (3, 6):
        app.sweep(*SPACE, "hydra.sweeper.sampler.seed=1", f"hydra.sweeper.n_trials={n_trials}", *journal(app))
    assert len({trial.params["x"] for trial in app.study().trials}) == 6
