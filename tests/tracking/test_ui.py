"""`make ui` says which page of MLflow's UI shows the runs, and starts the UI of the store they are in."""

import os

import pytest
from mlflow import MlflowClient

from recsys.cli import ui as program
from tests.integration.cures import tries


@pytest.fixture
def started(monkeypatch):
    """The command that the process would become."""
    commands = []
    monkeypatch.setattr(os, "execv", lambda path, command: commands.append(command[1:]))
    return commands


@pytest.mark.parametrize(
    ("variables", "experiment"),
    [
        ({"MLFLOW_TRACKING_URI": ""}, "recsys"),
        ({"MLFLOW_EXPERIMENT_NAME": "other"}, "other"),
        ({"MLFLOW_EXPERIMENT_ID": "7"}, None),
    ],
)
def test_the_page_of_the_runs(store, started, capsys, monkeypatch, variables, experiment):
    client = MlflowClient(f"sqlite:///{store}")
    ids = {name: client.create_experiment(name) for name in ("recsys", "other")}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    program.main(["--port", "5001"])
    expected = ids.get(experiment, "7")
    assert capsys.readouterr().out == f"Runs: http://127.0.0.1:5001/#/experiments/{expected}\n"
    assert started == [["-m", "mlflow", "ui", "--backend-store-uri", f"sqlite:///{store}", "--port", "5001"]]


@pytest.mark.usefixtures("store")
def test_before_the_first_run_it_is_the_first_page(started, capsys):
    program.main([])
    assert capsys.readouterr().out == "Runs: http://127.0.0.1:5000\n"
    assert started


@tries("recsys/cli/ui.py", "For the record in this folder")
@pytest.mark.usefixtures("store")
def test_the_ui_of_a_server_is_the_servers(started, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret@127.0.0.1:9")
    assert program.main([]) == 1
    said = capsys.readouterr().out
    assert "open http://***@127.0.0.1:9 in a browser" in said
    assert not started
    variable, *words = said.rpartition("For the record in this folder: ")[2].split()
    assert words == ["make", "ui"]  # tests/integration/test_makefile.py runs it
    monkeypatch.setenv(*variable.split("="))
    program.main([])
    assert started
