"""A sweep that is killed again and again, and continued, ends as one that was left alone."""

import csv
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import optuna
import yaml
from mlflow import MlflowClient
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.conftest import WARNINGS_ARE_ERRORS

QUESTION = "{apriori.min_support:0.2,apriori.metric:lift}"
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra.sweeper.study_name=s",
    "hydra.sweeper.n_trials=30",
    "apriori.min_support=interval(0.1,0.5)",
    "apriori.metric=choice(lift,confidence)",
    "output.show_rules=0",
    # The second is answered by the first.
    f"hydra.sweeper.enqueue=[{QUESTION},{QUESTION}]",
]

# Runs the application until the so manyth call of a function, and is killed there.
KILLER = """
import os, signal, sys
from importlib import import_module
from pathlib import Path

place, number, moment = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
module, _, path = place.partition(":")
*owners, name = path.split(".")
owner = import_module(module)
for attribute in owners:
    owner = getattr(owner, attribute)
original, calls = getattr(owner, name), []

def die():
    if moment == "with its sender":
        for process in Path("/proc").glob("[0-9]*/stat"):
            if process.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                os.kill(int(process.parent.name), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

def half(self_or_path, content):
    if place.endswith("append_logs"):
        import json
        line = json.dumps(content[0], separators=(",", ":"))
        with open(self_or_path._file_path, "a") as file:
            file.write(line[: len(line) // 2])
    else:
        self_or_path.with_name(f".{self_or_path.name}.half").write_text(content[: len(content) // 2])

def deadly(*args, **kwargs):
    calls.append(place)
    if len(calls) != number:
        return original(*args, **kwargs)
    if moment == "after":
        original(*args, **kwargs)
    elif moment == "amid":
        half(*args)
    die()

setattr(owner, name, deadly)
from recsys.__main__ import main
main()
"""

SWEEPER = "hydra_plugins.recsys_optuna_sweeper"
MOMENTS = [
    (f"{SWEEPER}._journal:JournalFile.append_logs", 1, "amid"),  # the study is being made
    ("recsys.pipeline:run", 2, "before"),  # in a job
    (f"{SWEEPER}._claims:ask_again", 1, "before"),  # what a kill left is being mended
    (f"{SWEEPER}._sweep:Sweep._choose", 3, "before"),  # asked, nothing chosen
    (f"{SWEEPER}._sweep:Sweep._launch", 3, "before"),  # asked, not launched
    (f"{SWEEPER}._sweep:Sweep._tell", 3, "before"),  # the job is over, the study was not told
    (f"{SWEEPER}._sweep:Sweep._tell", 3, "after"),  # told, no file says so
    (f"{SWEEPER}._results:_replace", 5, "amid"),  # half of the results is written
    (f"{SWEEPER}._journal:JournalFile.append_logs", 20, "amid"),  # half a line of the journal
    ("os:link", 5, "before"),  # what MLflow is to be told is written, but not in the queue
    ("recsys.pipeline:run", 2, "with its sender"),  # as when the power fails
]


def run(folder: Path, *command: str) -> int:
    with (folder / "log.txt").open("a") as log:
        done = subprocess.run(
            [sys.executable, *WARNINGS_ARE_ERRORS, *command],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode


def check_records(folder: Path, results: Path) -> None:
    """Check that Optuna, the table and MLflow hold the same, and nothing that is unfinished."""
    journal = folder / "multirun/studies/s.log"
    study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(journal))))
    states = Counter(trial.state.name for trial in study.trials)
    assert states["COMPLETE"] == 30
    assert set(states) <= {"COMPLETE", "FAIL"}
    assert [trial.number for trial in study.trials] == list(range(len(study.trials)))

    folders = [trial.user_attrs["job_dir"] for trial in study.trials if "job_dir" in trial.user_attrs]
    assert len(folders) == len(set(folders))
    assert {int(Path(path).name) for path in folders} <= {trial.number for trial in study.trials}
    made = [path for path in (folder / "multirun").rglob(".hydra") if path.is_dir()]
    assert len({path.parent.name for path in made}) == len(made)  # a number names one folder

    optuna_says = {trial.number: (trial.state.name.lower(), trial.value) for trial in study.trials}
    assert "answered_from" in {key for trial in study.trials for key in trial.user_attrs}
    with (results / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    values = {int(row["number"]): float(row["value"]) if row["value"] else None for row in rows}
    assert {int(row["number"]): (row["state"], values[int(row["number"])]) for row in rows} == optuna_says

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
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
    assert parent.data.metrics["n_complete"] == said["n_trials"]["complete"] == 30


def test_a_sweep_killed_at_many_moments_ends_as_if_it_never_was(tmp_path):
    log = tmp_path / "log.txt"
    for number, moment in enumerate(MOMENTS):
        # Half of the time into a folder that the one before has used, and may still be telling MLflow about.
        folder = ["hydra.sweep.dir=multirun/same"] if number < len(MOMENTS) / 2 else []
        code = run(tmp_path, "-c", KILLER, *map(str, moment), *SWEEP, *folder)
        assert code == -signal.SIGKILL, (moment, log.read_text())
    assert run(tmp_path, "-m", "recsys", *SWEEP) == 0, log.read_text()
    tables = sorted((tmp_path / "multirun").rglob("trials.csv"), key=os.path.getmtime)
    check_records(tmp_path, tables[-1].parent)
