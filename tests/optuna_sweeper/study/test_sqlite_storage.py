"""A study in a file of SQLite: its transactions do not wait for the disk, and nothing else changes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra.errors import HydraException
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage

from optuna_sweeper.study.sqlite_storage import SqliteStorage
from optuna_sweeper.study.storage import make_storage, open_study, write_ahead
from optuna_sweeper.workers.process import this_machine
from optuna_sweeper.workers.worker import Worker

NORMAL, FULL = 1, 2


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/study.db"


def pragma(storage: Any, name: str) -> Any:
    with storage._backend.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def opened(url: str) -> optuna.Study:
    study = open_study(url, "study", ["minimize"], RandomSampler(seed=0))
    write_ahead(study, url)
    return study


def test_a_sweep_writes_ahead_and_leaves_one_file(url: str, tmp_path: Path) -> None:
    study = opened(url)
    study.tell(study.ask(), 1.0)
    storage = study._storage
    assert isinstance(storage, SqliteStorage)
    assert (pragma(storage, "journal_mode"), pragma(storage, "synchronous")) == ("wal", NORMAL)
    assert {path.name for path in tmp_path.iterdir()} > {"study.db", "study.db-wal"}
    reader = make_storage(url)  # as a job in another process has it
    assert pragma(reader, "synchronous") == NORMAL
    reader.remove_session()
    storage.remove_session()
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]
    with closing(sqlite3.connect(tmp_path / "study.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("SELECT value FROM trial_values").fetchall() == [(1.0,)]


def test_the_last_of_two_sweeps_ends_the_writing_ahead(url: str) -> None:
    """A file that writes ahead cannot be read in a folder that is read-only."""
    first, last = opened(url), opened(url)
    last.tell(last.ask(), 1.0)
    first._storage.remove_session()
    assert pragma(last._storage, "journal_mode") == "wal"
    last._storage.remove_session()
    reader = make_storage(url)
    assert pragma(reader, "journal_mode") == "delete"
    reader.remove_session()


def test_a_study_that_is_read_stays_as_it_was(url: str) -> None:
    RDBStorage(url).engine.dispose()
    reader = make_storage(url)
    assert (pragma(reader, "journal_mode"), pragma(reader, "synchronous")) == ("delete", FULL)
    reader.remove_session()


def test_a_database_in_use_stays_as_it_was(url: str, tmp_path: Path) -> None:
    RDBStorage(url).engine.dispose()
    storage = make_storage(f"{url}?timeout=0.01")
    assert isinstance(storage, SqliteStorage)
    with closing(sqlite3.connect(tmp_path / "study.db")) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM studies").fetchall()
        storage.write_ahead()
        assert pragma(storage, "journal_mode") == "delete"
    storage.write_ahead()
    assert pragma(storage, "journal_mode") == "wal"
    storage.remove_session()


def test_a_database_that_cannot_be_written_is_an_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: SqliteStorage) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(SqliteStorage, "write_ahead", refuse)
    with pytest.raises(HydraException, match=r"cannot be used: sqlite:///.*readonly database"):
        opened(url)


@pytest.mark.parametrize("node", ["elsewhere", "container"])
def test_processes_on_two_machines_may_not_share_a_file(app: Any, node: str) -> None:
    """They would not see each other's changes; containers of one machine do."""
    url = f"sqlite:///{app.folder}/study.db"
    _, boot, namespace = this_machine().split("/")
    record = {"machine": f"{node}/{boot if node == 'container' else 'another'}/{namespace}0", "pid": 1}
    record |= {"started": "1", "seen": time.time(), "interval": 15.0, "ended": False}
    study = opened(url)
    study.set_user_attr("worker:abc", record)
    words = ("x=interval(-1,1)", "hydra.sweeper.n_trials=1", f"hydra.sweeper.storage={url}")
    words += ("hydra.sweeper.study_name=study",)
    if node == "container":
        app.sweep(*words)
    else:
        rule = (
            r"must be a server, .* for processes on several machines\. Got 'sqlite:.* in use on elsewhere\."
        )
        with pytest.raises(HydraException, match=rule):
            app.sweep(*words)
    assert len(study.trials) == (node == "container")
    study._storage.remove_session()


def test_of_two_machines_that_start_at_the_same_moment_one_is_refused(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each signs in after it has looked for others; the file does not write ahead yet."""
    url = f"sqlite:///{app.folder}/study.db"
    beat, modes = Worker.beat, []

    def sign_in(worker: Worker, ended: bool = False) -> None:
        record = {"machine": "elsewhere/another/0", "pid": 1, "started": "1", "interval": 15.0}
        record |= {"seen": time.time(), "ended": False}
        worker.study.set_user_attr("worker:abc", record)
        modes.append(pragma(worker.study._storage, "journal_mode"))
        beat(worker, ended)

    monkeypatch.setattr(Worker, "beat", sign_in)
    with pytest.raises(HydraException, match=r"It is in use on elsewhere\."):
        app.sweep("x=interval(-1,1)", "hydra.sweeper.n_trials=1", f"hydra.sweeper.storage={url}")
    assert set(modes) == {"delete"}
    assert not app.sweep_dir.joinpath("0").exists()
