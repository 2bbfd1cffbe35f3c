"""What Optuna, MLflow and the folders hold of a study, compared."""

import contextlib
import csv
import fcntl
import json
import os
from collections import Counter
from pathlib import Path

import optuna
import yaml
from mlflow import MlflowClient
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend


def check_records(folder: Path, results: Path, total: int) -> None:
    """Check that Optuna, the table and MLflow hold the same, linked, and nothing that is unfinished.

    `folder` is where the sweep of the study "s" was started, `results` a folder where it wrote its results.
    """
    journal = JournalStorage(JournalFileBackend(str(folder / "multirun/studies/s.log")))
    check_study(folder, results, total, journal, f"sqlite:///{folder}/mlflow.db")


def check_study(folder: Path, results: Path, total: int, storage: BaseStorage, tracking_uri: str) -> None:
    """Check the same of a study that is kept and recorded elsewhere."""
    study = optuna.load_study(study_name="s", storage=storage)
    states = Counter(trial.state.name for trial in study.trials)
    assert states["COMPLETE"] == total
    assert set(states) <= {"COMPLETE", "FAIL"}
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))

    folders = [trial.user_attrs["job_dir"] for trial in study.trials if "job_dir" in trial.user_attrs]
    assert len(folders) == len(set(folders))
    assert {int(Path(path).name) for path in folders} <= {trial.number for trial in study.trials}
    made = [path for path in (folder / "multirun").rglob(".hydra") if path.is_dir()]
    assert len({path.parent.name for path in made}) == len(made)  # a number names one folder

    optuna_says = {trial.number: (trial.state.name.lower(), trial.value) for trial in study.trials}
    with (results / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = {int(row["number"]): float(row["value"]) if row["value"] else None for row in rows}
    assert {int(row["number"]): (row["state"], values[int(row["number"])]) for row in rows} == optuna_says

    client = MlflowClient(tracking_uri)
    experiment = client.get_experiment_by_name("recsys")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run is not parent]
    assert parent.info.status == "FINISHED"
    status = {"FINISHED": "complete", "FAILED": "fail"}
    mlflow_says = {int(run.data.tags["trial.number"]): status.get(run.info.status) for run in children}
    assert len(children) == len(mlflow_says)  # one a trial
    assert mlflow_says == {number: state for number, (state, _) in optuna_says.items()}
    values = {
        int(run.data.tags["trial.number"]): run.data.metrics.get("max_lift")
        for run in children
        if run.info.status == "FINISHED"
    }
    assert values == {number: value for number, (state, value) in optuna_says.items() if state == "complete"}

    assert parent.data.metrics["best_value"] == study.best_value
    assert int(parent.data.tags["best_trial"]) == study.best_trial.number
    assert client.get_run(parent.data.tags["best_run_id"]).data.metrics["max_lift"] == study.best_value
    said = yaml.safe_load((results / "optimization_results.yaml").read_text())
    assert (said["best_value"], said["best_trial"]) == (study.best_value, study.best_trial.number)
    assert parent.data.metrics["n_complete"] == said["n_trials"]["complete"] == total

    by_number = {int(run.data.tags["trial.number"]): run for run in children}
    for trial in study.trials:
        run = by_number[trial.number]
        assert run.data.tags["study"] == study.study_name
        if "links" not in trial.user_attrs:  # answered, or killed before it was told
            continue
        assert trial.user_attrs["links"]["mlflow_key"] == run.data.tags["recsys.key"]
        job_dir = Path(trial.user_attrs["job_dir"])
        assert run.data.tags["output_dir"] == str(job_dir)
        links = json.loads((job_dir / "links.json").read_text())
        assert links["mlflow_run_id"] == run.info.run_id
        assert (links["study"], links["trial"]) == (study.study_name, str(trial.number))
    told = [trial for trial in study.trials if "links" in trial.user_attrs]
    assert len(told) == len([trial for trial in study.trials if "job_dir" in trial.user_attrs])


def wait_for_senders(folder: Path) -> None:
    """Wait for the senders of processes that were killed, which have outlived them."""
    for queue in folder.rglob(".mlflow-queue"):
        with contextlib.suppress(FileNotFoundError):
            handle = os.open(queue, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.close(handle)
