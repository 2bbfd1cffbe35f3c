"""What MLflow holds after runs and sweeps. Hydra makes warnings of a callback's errors: ask MLflow."""

import shutil
import signal
import subprocess
import sys

import pytest
from mlflow import MlflowClient

from recsys.tracking.record import Record


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A store with its tables made, which takes MLflow seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store, tmp_path):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return tmp_path / "mlflow.db"


def runs_in(store, experiment="recsys"):
    client = MlflowClient(f"sqlite:///{store}")
    return client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def test_a_single_run(call, store, tmp_path):
    outcome = call("hydra.run.dir=out", "engine=fpgrowth", "apriori.min_support=0.2", tracking=True)
    assert outcome.code == 0, outcome.stderr
    (run,) = runs_in(store)
    assert run.info.status == "FINISHED"
    assert run.data.params["apriori.min_support"] == "0.2"
    assert run.data.params["engine.algorithm"] == "fpgrowth"
    assert run.data.params["preprocessing.max_length"] == "null"
    assert run.data.metrics["n_transactions"] == 671
    assert run.data.tags["overrides"] == "engine=fpgrowth apriori.min_support=0.2"
    assert run.data.tags["output_dir"] == str(tmp_path / "out")
    assert "mlflow.parentRunId" not in run.data.tags
    assert "Recorded in MLflow, experiment 'recsys'" in outcome.stdout


def test_a_failed_run_is_failed_and_says_why(call, store):
    outcome = call("preprocessing.min_rating=6", "experiment_name=other", tracking=True)
    assert outcome.code != 0
    (run,) = runs_in(store, "other")
    assert run.info.status == "FAILED"
    assert "preprocessing.min_rating=6 drops the last" in run.data.tags["error"]


def test_a_plain_multirun_has_a_parent(call, store):
    outcome = call("-m", "apriori.min_support=0.1,0.2", "hydra.sweep.dir=sweep", tracking=True)
    assert outcome.code == 0, outcome.stderr
    *children, parent = sorted(runs_in(store), key=lambda run: run.data.tags.get("job_num", "parent"))
    assert [child.data.params["apriori.min_support"] for child in children] == ["0.1", "0.2"]
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert parent.data.metrics["best_lift"] == max(child.data.metrics["max_lift"] for child in children)
    assert parent.data.metrics["best_trial"] == 0
    assert parent.data.params["best.apriori.min_support"] == "0.1"
    assert parent.data.tags["best_run_id"] == children[0].info.run_id


def test_a_failed_trial_among_others(call, store):
    outcome = call(
        "-m", "hydra/sweeper=optuna", "hydra.sweeper.sampler.seed=1", "hydra.sweep.dir=sweep",
        "hydra.sweeper.n_trials=3", "hydra.sweeper.max_failure_rate=1.0", "hydra/sweeper/sampler=grid",
        "apriori.min_support=choice(0.2, 0.3, 7)", tracking=True,
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    runs = runs_in(store)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert {run.data.params["apriori.min_support"]: run.info.status for run in children} == {
        "0.2": "FINISHED", "0.3": "FINISHED", "7": "FAILED"
    }  # fmt: skip
    (parent,) = [run for run in runs if run not in children]
    assert parent.data.metrics["n_trials"] == 3
    assert parent.data.metrics["n_finished"] == 2
    assert parent.info.status == "FINISHED"


def test_several_objectives_have_no_single_best(call, store):
    outcome = call(
        "-m",
        "objective=lift_and_rules",
        "apriori.min_support=0.1,0.2",
        "hydra.sweep.dir=sweep",
        tracking=True,
    )
    assert outcome.code == 0, outcome.stderr
    (parent,) = [run for run in runs_in(store) if "mlflow.parentRunId" not in run.data.tags]
    assert "best_lift" in parent.data.metrics
    assert "best_trial" not in parent.data.metrics


def test_more_parameters_than_mlflow_takes_at_once(store):
    record = Record(f"sqlite:///{store}", "many")
    run_id = record.start("one", {f"p{i:03}": i for i in range(250)}, {})
    record.end(run_id, "FINISHED")
    (run,) = runs_in(store, "many")
    assert len(run.data.params) == 250


def test_an_interrupt_leaves_no_run_running(store, tmp_path):
    program = (
        "import os, signal; from recsys.tracking.record import Record\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background shell ignores it
        f"Record('sqlite:///{store}', 'cut').start('one', {{}}, {{}})\n"
        "os.kill(os.getpid(), signal.SIGINT)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode in (-signal.SIGINT, 1)
    (run,) = runs_in(store, "cut")
    assert run.info.status == "KILLED"
