"""A new store is made once; in SQLite it is whole or not there."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.version import VERSION

from recsys.mlflow_store.connection import _sqlite_file, connect
from tests import programs

RECORD = """
import sys
from pathlib import Path
from recsys.mlflow_store.experiment import Destination
from recsys.tracking.entry import Entry, Start
from recsys.tracking.record import Record
import mlflow.store.tracking.sqlalchemy_store
print("ready", flush=True)
sys.stdin.read()  # all begin at once
record = Record(sys.argv[2], Destination("together"), Path())
record.client  # makes the tables
record.apply(Entry(sys.argv[1], Start(sys.argv[1], 1)))
"""

# As two processes at a study do: what is on record already, MLflow finds out by an error.
RECORD_TWICE = """
import sys
from recsys.mlflow_store.connection import connect
client = connect(sys.argv[1])
from mlflow.entities import Metric
run = client.create_run("0").info.run_id
for _ in range(2):
    client.log_batch(run, [Metric("found", 1.0, 0, step) for step in range(100)])
"""

# Killed when the tables are made, but not yet in place.
KILLED = """
import os, signal
from recsys.mlflow_store import connection as store
store.os.link = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
store.connect("sqlite:///mlflow.db")
"""


@pytest.fixture
def _no_store_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def record_at_once(url, folder):
    """Have two processes make the store and record a run each; the names of the runs in it."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                programs.Popen(
                    [sys.executable, "-c", RECORD, name, url],
                    cwd=folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for name in ("a", "b")
        ]
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
        for process in processes:
            process.stdin.close()
        errors = [process.stderr.read() for process in processes]
        assert [process.wait() for process in processes] == [0, 0], errors
    client = MlflowClient(url)
    experiment = client.get_experiment_by_name("together")
    return sorted(run.info.run_name for run in client.search_runs([experiment.experiment_id]))


@pytest.mark.usefixtures("_no_store_kept")
def test_processes_that_make_a_store_at_once(tmp_path):
    url = f"sqlite:///{tmp_path}/new/mlflow.db"
    assert record_at_once(url, tmp_path) == ["a", "b"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mlflow.db"]


def test_processes_that_make_a_store_in_postgresql_at_once(tmp_path, postgresql):
    assert record_at_once(postgresql("made_at_once"), tmp_path) == ["a", "b"]


def test_driver_of_postgresql_says_nothing_of_what_mlflow_mends(tmp_path, postgresql):
    done = programs.run(
        [sys.executable, "-c", RECORD_TWICE, postgresql("recorded_twice")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_killed_while_it_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = programs.run([sys.executable, "-c", KILLED], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "mlflow.db").exists()
    assert connect(f"sqlite:///{tmp_path}/mlflow.db").search_experiments()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db"]


@pytest.mark.usefixtures("_no_store_kept")
def test_tables_are_made_once_for_all_folders(tmp_path, monkeypatch):
    locations = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        store = connect(f"sqlite:///{tmp_path}/{name}/mlflow.db")
        locations.append(store.get_experiment("0").artifact_location)
        monkeypatch.setattr("recsys.mlflow_store.connection._make_tables", None)
    assert locations == [f"{tmp_path}/first/mlruns/0", f"{tmp_path}/second/mlruns/0"]
    assert [path.name for path in (tmp_path / "cache" / "recsys").iterdir()] == [f"mlflow-{VERSION}-empty.db"]


@pytest.mark.usefixtures("_no_store_kept")
def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert connect(f"sqlite:///{tmp_path}/mlflow.db").get_experiment("0")


def test_a_store_that_another_program_makes_meanwhile_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "mlflow.db"

    def other(new, place):
        other_client = MlflowClient(f"sqlite:///{tmp_path}/other.db")
        other_client.create_experiment("theirs")
        (tmp_path / "other.db").rename(place)
        raise FileExistsError(place)

    monkeypatch.setattr("recsys.mlflow_store.connection.os.link", other)
    assert connect(f"sqlite:///{path}").get_experiment_by_name("theirs")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:////home/ann/mlflow.db", "/home/ann/mlflow.db"),
        ("sqlite+pysqlite:////home/ann/mlflow.db", "/home/ann/mlflow.db"),
        ("sqlite:////home/ann/mlflow.db?timeout=30", "/home/ann/mlflow.db"),
        ("sqlite:///:memory:", None),
        ("postgresql://host/mlflow", None),
        ("http://host:5000", None),
    ],
)
def test_the_file_of_an_address(address, path):
    assert _sqlite_file(address) == (path and Path(path))
