"""What messages about the record advise works when it is typed as printed."""

import shlex
import shutil
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from recsys.cli import registry
from tests.integration.cures import overrides_in, tries

RUN = ("apriori.min_support=0.5", "evaluation=none", "hydra.run.dir=out")
TYPED = "hydra.callbacks.mlflow.tracking_uri="

pytestmark = pytest.mark.usefixtures("sender_in_a_thread")


@pytest.fixture(autouse=True)
def _stores(store, tmp_path):
    """A store that is no database, and one of another version of MLflow."""
    (tmp_path / "text.db").write_text("no database, though long enough to be read as the head of one" * 9)
    shutil.copy(store, tmp_path / "old.db")
    shutil.copy(store, tmp_path / "other.db")  # which is advised: making its tables takes long
    with closing(sqlite3.connect(tmp_path / "old.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")


@tries("recsys/mlflow_store/address.py", "or run without a record")
@tries("recsys/tracking/mlflow_callback.py", "Without a record:")
@tries("recsys/tracking/refusals.py", "or record elsewhere")
@tries("recsys/mlflow_store/experiment.py", "Unset MLFLOW_EXPERIMENT_ID")
@pytest.mark.parametrize(
    ("environment", "typed", "start", "after"),
    [
        ({}, [f"{TYPED}ftp://server"], TYPED[:-1], "Correct it"),
        ({"TRACKING_URI": "file:./mlruns"}, [], "MLFLOW_TRACKING_URI", "Correct it"),
        ({"TRACKING_URI": "sqlite:///mlflow.db"}, [f"{TYPED}sqlite:///text.db"], TYPED[:-1], "Set another"),
        ({"TRACKING_URI": "sqlite:///text.db"}, [], "MLFLOW_TRACKING_URI", "Set another"),
        ({"TRACKING_URI": "sqlite:///old.db"}, [], "MLflow refuses the record at", "Correct that"),
        ({"EXPERIMENT_ID": "77"}, [], "MLFLOW_EXPERIMENT_ID", "Unset"),
    ],
)
def test_overrides(call, monkeypatch, environment, typed, start, after):
    for name, value in environment.items():
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    typed = [*RUN, *typed, "hydra.callbacks.mlflow.patience=60"]  # a key of the callback that is left out
    refused = call(*typed, tracking=True)
    assert refused.code == 1
    assert refused.stderr.splitlines()[-1].startswith(start)
    cures = overrides_in(refused.stderr, after)
    assert len(cures) == (1 if after == "Correct it" else 2)
    for cure in cures:
        outcome = call(*typed, *cure, tracking=True)
        assert outcome.code == 0, outcome.stderr
        assert ("Recorded in MLflow" in outcome.stdout) == (cure != ["~hydra.callbacks.mlflow"])


@tries("recsys/mlflow_store/experiment.py", "Or choose another")
def test_a_deleted_experiment(call, tmp_path):
    from mlflow.experiments import commands

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    client.delete_experiment(client.create_experiment("gone"))
    line = call(*RUN, "experiment_name=gone", tracking=True).stderr
    elsewhere, without = overrides_in(line, "--experiment-id")
    for cure in (elsewhere, without):
        assert call(*RUN, "experiment_name=gone", *cure, tracking=True).code == 0
    variable, *command = shlex.split(line.partition("Restore it: ")[2].partition(". Or")[0])
    name, _, value = variable.partition("=")
    assert command[:2] == ["mlflow", "experiments"]
    restored = CliRunner().invoke(commands, command[2:], env={name: value})
    assert restored.exit_code == 0, restored.output
    assert call(*RUN, "experiment_name=gone", tracking=True).code == 0


@tries("recsys/mlflow_store/connection.py", "Set another, for example")
def test_the_store_of_the_registry(monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///text.db")
    assert registry.main(["list"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("MLFLOW_TRACKING_URI must be a database that can be opened and written")
    name, _, value = said.rpartition("for example ")[2].strip().partition("=")
    monkeypatch.setenv(name, value)
    assert registry.main(["list"]) == 0
