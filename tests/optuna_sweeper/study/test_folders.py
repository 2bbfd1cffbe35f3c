"""A sweep's folder belongs to one study, a job's folder to one trial."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from optuna.trial import TrialState

from optuna_sweeper.run import _new_name
from optuna_sweeper.study.attributes import JOB_DIR
from tests.optuna_sweeper.workers.children import die, end_of, in_child

SPACE = ("x=interval(-1, 1)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")


def test_a_second_study_is_refused_before_its_first_trial(app: Any) -> None:
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *app.kept)
    before = {path: path.read_bytes() for path in app.sweep_dir.rglob("*") if path.is_file()}
    with pytest.raises(
        HydraException,
        match=r"^hydra\.sweep\.dir must be a folder of the study b alone\. Got '.*'\. It belongs to the "
        rf"study study \(.*\)\. Set another: hydra\.sweep\.dir={app.sweep_dir}-b",
    ):
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", app.kept[0], "hydra.sweeper.study_name=b")
    assert {path: path.read_bytes() for path in app.sweep_dir.rglob("*") if path.is_file()} == before
    assert not app.study("b").trials


def test_a_study_of_the_same_name_elsewhere_is_another(app: Any) -> None:
    app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *app.kept)
    app.journal.unlink()
    with pytest.raises(HydraException, match="It belongs to the study study"):
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *app.kept)


def test_a_study_in_memory_has_a_folder_once(app: Any) -> None:
    memory = (*SPACE, "hydra.sweeper.n_trials=1", "hydra.sweeper.study_name=study")
    app.sweep(*memory)
    with pytest.raises(HydraException, match="It belongs to the study study"):
        app.sweep(*memory)


def test_the_folder_of_a_sweep_over_given_values_is_refused(app: Any) -> None:
    app.sweep_dir.mkdir()
    (app.sweep_dir / "multirun.yaml").touch()  # as Hydra's own sweeper leaves it
    with pytest.raises(HydraException, match="It belongs to another sweep"):
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *app.kept)


def test_of_studies_that_begin_at_once_one_has_the_folder(app: Any) -> None:
    def work(name: str) -> None:
        app.sweep(*SPACE, "hydra.sweeper.n_trials=2", app.kept[0], f"hydra.sweeper.study_name={name}")

    children = [in_child(lambda name=name: work(name)) for name in "abc"]
    ends = [end_of(child) for child in children]
    assert ends.count(0) == 1
    done = [name for name in "abc" if len(app.study(name).trials) == 2]
    assert (
        done
        == [name for name, end in zip("abc", ends, strict=True) if end == 0]
        == [app.results["study_name"]]
    )


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_two_trials_in_one_folder_are_refused(app: Any, launcher: str, n_jobs: int) -> None:
    def task(cfg: Any) -> float:  # not one of this module, which a process of joblib could not import
        return float(cfg.x)

    one = app.sweep_dir / "word-a"
    with pytest.raises(
        HydraException,
        match=r"^hydra\.sweep\.subdir must give each trial a folder of its own\. "
        rf"Got '{one}' for trial 1, which trial 0 of the study study has used\. Set "
        r"'hydra\.sweep\.subdir=word-\$\{word\}/\$\{hydra\.job\.num\}'",
    ):
        app.sweep(
            *SPACE,
            "hydra.sweep.subdir='word-${word}'",
            "hydra.sweeper.n_trials=2",
            f"hydra.sweeper.n_jobs={n_jobs}",
            f"hydra/launcher={launcher}",
            *app.kept,
            task=task,
        )
    states = [trial.state for trial in app.study().trials]
    assert states.count(TrialState.COMPLETE) == (1 if n_jobs == 1 else 0)
    if launcher == "basic":  # the cure works as typed, with the same study
        subdir = "hydra.sweep.subdir=word-${word}/${hydra.job.num}"
        app.sweep(*SPACE, subdir, "hydra.sweeper.n_trials=2", *app.kept, task=task)
        folders = [trial.user_attrs[JOB_DIR] for trial in app.study().trials if trial.value is not None]
        assert len(set(folders)) == 2


def test_a_folder_that_holds_something_is_refused(app: Any) -> None:
    (app.sweep_dir / "0").mkdir(parents=True)
    (app.sweep_dir / "0/metrics.json").touch()
    with pytest.raises(HydraException, match="for trial 0, which something else has used"):
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", *app.kept)


def test_a_lost_trial_may_come_back_to_its_folder(app: Any) -> None:
    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == 1:
            die()
        return float(cfg.x)

    named = (
        *SPACE,
        "hydra.sweep.subdir='${hydra.job.override_dirname}'",
        "hydra.sweeper.n_trials=3",
        *app.kept,
    )
    assert end_of(in_child(lambda: app.sweep(*named, task=task))) == -signal.SIGKILL
    app.sweep(*named, task=lambda cfg: float(cfg.x))
    done = [trial for trial in app.study().trials if trial.state is TrialState.COMPLETE]
    assert len({trial.user_attrs[JOB_DIR] for trial in done}) == 3
    assert all(Path(trial.user_attrs[JOB_DIR]).name == f"x={trial.params['x']}" for trial in done)


def test_a_folder_with_a_secret_in_its_name_is_claimed(app: Any) -> None:
    named = ("+password=abc", "hydra.sweep.subdir='${hydra.job.override_dirname}-${hydra.job.num}'")
    app.sweep(*SPACE, *named, "hydra.sweeper.n_trials=1", *app.kept)
    (folder,) = (path for path in app.sweep_dir.iterdir() if path.is_dir())
    assert "+password=abc" in folder.name
    assert {".trial.json", "job.log"} <= {file.name for file in folder.iterdir()}


def test_names_that_are_made_up_differ() -> None:
    assert len({_new_name("app") for _ in range(100)}) == 100
