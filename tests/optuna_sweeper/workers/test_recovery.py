"""After a kill: a study and its files brought up to date without another sweep."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import yaml
from optuna.trial import TrialState, create_trial

from optuna_sweeper.study.attributes import DISCARDED, IDENTITY, WORKER
from optuna_sweeper.study.identity import SPEC, identity_of
from optuna_sweeper.workers.recovery import fail_lost_trials
from optuna_sweeper.workers.worker import process_start, this_machine


def killed_study(folder: Path) -> optuna.Study:
    """Return a study with a complete trial, one of a living worker, and one of a dead worker."""
    study = optuna.create_study(study_name="s", storage=f"sqlite:///{folder / 'study.db'}")
    study.add_trial(create_trial(value=1.0))
    me = {"machine": this_machine(), "pid": os.getppid(), "interval": 15.0, "seen": 0.0, "ended": False}
    study.set_user_attr("worker:alive", me | {"started": process_start(os.getppid())})
    study.set_user_attr("worker:dead", me | {"started": "another process"})
    for worker in ("alive", "dead"):
        study.add_trial(create_trial(state=TrialState.RUNNING, user_attrs={WORKER: worker}))
    return study


def test_trials_of_dead_workers_are_failed_and_the_files_written(tmp_path: Path) -> None:
    study = killed_study(tmp_path)
    (tmp_path / "sweep").mkdir()
    for _ in range(2):
        fail_lost_trials("sqlite:///study.db", "s", tmp_path / "sweep", tmp_path)
    _, alive, dead = study.trials
    assert (alive.state, dead.state) == (TrialState.RUNNING, TrialState.FAIL)
    assert dead.user_attrs[DISCARDED] == "lost"  # a later sweep asks it again
    results = yaml.safe_load((tmp_path / "sweep/optimization_results.yaml").read_text())
    assert (results["best_value"], results["ended_by"]) == (1.0, None)
    with (tmp_path / "sweep/trials.csv").open() as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["complete", "running", "fail"]
    assert len([key for key in study.user_attrs if key.startswith("worker:")]) == 2


def test_how_a_sweep_ended_before_it_was_killed_stays(tmp_path: Path) -> None:
    killed_study(tmp_path)
    (tmp_path / "optimization_results.yaml").write_text("study_name: s\nended_by: total\n")
    fail_lost_trials(f"sqlite:///{tmp_path}/study.db", None, tmp_path)
    assert yaml.safe_load((tmp_path / "optimization_results.yaml").read_text())["ended_by"] == "total"


def test_trials_of_an_earlier_identity_are_not_the_best(tmp_path: Path) -> None:
    study = killed_study(tmp_path)
    study.set_user_attr(SPEC, {"data": {"ratings": "new"}})
    now = identity_of(study.user_attrs[SPEC])
    study.add_trial(create_trial(value=2.0, user_attrs={IDENTITY: now}))
    fail_lost_trials("sqlite:///study.db", "s", tmp_path, tmp_path)
    results = yaml.safe_load((tmp_path / "optimization_results.yaml").read_text())
    assert (results["best_trial"], results["best_value"]) == (3, 2.0)
    with (tmp_path / "trials.csv").open() as file:
        assert [row["other_identity"] for row in csv.DictReader(file)] == ["true", "true", "true", ""]


@pytest.mark.parametrize("storage", ["journal:study.log", "sqlite:///study.db"])
def test_where_there_is_no_study_nothing_is_made(tmp_path: Path, storage: str) -> None:
    fail_lost_trials(storage, "s", tmp_path, tmp_path)
    fail_lost_trials(storage, None, tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def test_of_another_study_in_the_storage_nothing_is_written(tmp_path: Path) -> None:
    killed_study(tmp_path)
    fail_lost_trials("sqlite:///study.db", "t", tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def test_a_file_that_a_killed_sweep_left_is_one_file_again(tmp_path: Path) -> None:
    """Until then the last trials are in `study.db-wal`, without which a copy of the study lacks them."""
    study, copy = killed_study(tmp_path), tmp_path / "copy"
    writer = sqlite3.connect(tmp_path / "study.db")
    writer.execute("PRAGMA journal_mode = WAL").fetchone()
    study.add_trial(create_trial(value=2.0))
    copy.mkdir()
    for path in (tmp_path / "study.db", tmp_path / "study.db-wal"):
        shutil.copy(path, copy)
    writer.close()
    shutil.copy(copy / "study.db", tmp_path / "alone.db")
    assert len(optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/alone.db").trials) == 3
    fail_lost_trials("sqlite:///study.db", "s", copy, copy)
    assert not list(copy.glob("study.db-*"))
    with closing(sqlite3.connect(f"file:{copy}/study.db?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("SELECT COUNT(*) FROM trials").fetchone() == (4,)
