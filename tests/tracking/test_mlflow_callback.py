"""What MLflow holds after runs and sweeps, as a user types them. An unasserted callback can be dead."""

import json
import signal
import socket
import sys
from collections import Counter

import pytest
import yaml
from mlflow import MlflowClient
from omegaconf import OmegaConf

from recsys.cli import sync as program
from recsys.tracking.mlflow_callback import MLflowCallback
from recsys.tracking.record import Record
from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS, shell
from tests.integration.cures import command_in, tries


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
    assert not [name for name in run.data.params if name.startswith(("hydra", "output"))]
    assert run.data.metrics["n_transactions"] == 671
    assert run.data.tags["overrides"] == "engine=fpgrowth apriori.min_support=0.2"
    assert run.data.tags["output_dir"] == str(tmp_path / "out")
    assert "mlflow.parentRunId" not in run.data.tags
    assert {"command", "mlflow.user", "mlflow.source.name"} <= set(run.data.tags)
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.name == "ml-latest-small-2016"
    assert data.dataset.digest == run.data.tags["ratings_digest"][:36]
    columns = json.loads(data.dataset.schema)["mlflow_colspec"]
    assert [(one["name"], one["type"]) for one in columns] == [
        ("user_id", "long"), ("item_id", "long"), ("rating", "double"), ("timestamp", "long")
    ]  # fmt: skip
    assert json.loads(data.dataset.profile)["num_rows"] == 100_004
    assert run.data.tags["mlflow.note.content"] == (
        "2 rules from ml-latest-small-2016 (100,004 interactions): max_lift 1.66349, ndcg@10 0.0790.\n\n"
        "To repeat it:\n\n    python -m recsys engine=fpgrowth apriori.min_support=0.2"
    )
    assert "Recorded in MLflow, experiment 'recsys'" in outcome.stdout
    assert not (tmp_path / "out/.mlflow-queue").exists()


@pytest.mark.usefixtures("sender_in_a_thread")
def test_names_that_mlflow_does_not_take(call, store):
    """`recommender@recommender.rules` is a choice of the hybrid's, `++key` an override of anybody's."""
    outcome = call(
        "-m",
        "recommender=hybrid",
        "recommender@recommender.model=ease,item_knn",
        "++apriori.min_support=0.2",
        "evaluation=none",
        "hydra.sweep.dir=sweep",
        "~hydra.callbacks.report",
        tracking=True,
    )
    assert outcome.code == 0, outcome.stderr
    assert "refuses" not in outcome.stdout
    *children, parent = sorted(runs_in(store), key=lambda run: run.data.tags.get("job_num", "parent"))
    for child, model in zip(children, ("ease", "item_knn"), strict=True):
        assert child.data.params["recommender_at_recommender.model"] == model
        assert child.data.params["recommender.rules.weight"] == "learned"
        assert child.data.params["apriori.min_support"] == "0.2"
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["best.apriori.min_support"] == "0.2"
    assert "best.recommender_at_recommender.model" in parent.data.tags


@pytest.mark.usefixtures("sender_in_a_thread")
def test_what_misses_a_constraint_is_never_the_best(call, store):
    outcome = call(
        "-m",
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=3",
        "hydra.sweeper.enqueue=[{apriori.min_support:0.2},{apriori.min_support:0.06},{apriori.min_support:0.25}]",
        "apriori.min_support=interval(0.05,0.3)",
        "objective.constraints={n_rules:{at_most:2000}}",
        "evaluation=none",
        "hydra.sweep.dir=sweep",
        "~hydra.callbacks.report",
        tracking=True,
    )
    assert outcome.code == 0, outcome.stderr
    best = yaml.safe_load((store.parent / "sweep/optimization_results.yaml").read_text())
    assert best["best_trial"] == 0
    (parent,) = [run for run in runs_in(store) if "mlflow.parentRunId" not in run.data.tags]
    assert parent.data.tags["best_trial"] == "0"
    assert parent.data.metrics["best_value"] == parent.data.metrics["best_lift"] == best["best_value"]
    highest = max(run.data.metrics["max_lift"] for run in runs_in(store) if "max_lift" in run.data.metrics)
    assert highest > best["best_value"]


@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_warm_start(call, store):
    sweep = ("-m", "hydra/sweeper=optuna", "apriori.min_support=interval(0.2,0.3)", "evaluation=none")
    storage = "hydra.sweeper.storage=sqlite:///study.db"
    first = call(*sweep, storage, "hydra.sweeper.n_trials=2", "hydra.sweeper.study_name=first")
    assert first.code == 0, first.stderr
    second = call(
        *sweep, storage, "hydra.sweeper.n_trials=3", "hydra.sweeper.study_name=second",
        "hydra.sweeper.warm_start={study_name:first}", "hydra.sweep.dir=second", tracking=True,
    )  # fmt: skip
    assert second.code == 0, second.stderr
    assert "Traceback" not in second.stdout + second.stderr
    assert (store.parent / "second/report.html").exists()
    runs = runs_in(store)
    assert {run.info.status for run in runs} == {"FINISHED"}
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.data.metrics["n_trials"] == len(runs) - 1 >= 3


@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_failed_run_is_failed_and_says_why(call, store):
    outcome = call("preprocessing.min_rating=6", "experiment_name=other", tracking=True)
    assert outcome.code != 0
    (run,) = runs_in(store, "other")
    assert run.info.status == "FAILED"
    assert "preprocessing.min_rating=6 drops the last" in run.data.tags["error"]


def test_a_password_is_not_on_record(call, store, tmp_path):
    outcome = call("dataset.feedback='postgresql://me:hush@127.0.0.1:1/db?password=hush'", tracking=True)
    assert "dataset.feedback must be without a password" in outcome.stderr
    (run,) = runs_in(store)
    assert run.data.params["dataset.feedback"] == "postgresql://me:***@127.0.0.1:1/db?password=***"
    assert "hush" not in str(run.to_dictionary()) + outcome.stdout
    (config,) = (tmp_path / "mlruns").glob("*/*/artifacts/config.yaml")
    assert "feedback: postgresql://me:***@127.0.0.1:1/db?password=***\n" in config.read_text()


def test_a_plain_multirun_has_a_parent(call, store):
    outcome = call(
        "-m", "apriori.min_support=0.1,0.2", "evaluation=none", "hydra.sweep.dir=sweep", tracking=True
    )
    assert outcome.code == 0, outcome.stderr
    *children, parent = sorted(runs_in(store), key=lambda run: run.data.tags.get("job_num", "parent"))
    assert [child.data.params["apriori.min_support"] for child in children] == ["0.1", "0.2"]
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    assert parent.data.metrics["best_lift"] == max(child.data.metrics["max_lift"] for child in children)
    assert parent.data.metrics["best_trial"] == 0
    assert parent.data.tags["best.apriori.min_support"] == "0.1"
    assert parent.data.tags["best_run_id"] == children[0].info.run_id
    (data,) = parent.inputs.dataset_inputs
    assert data == children[0].inputs.dataset_inputs[0]
    assert parent.data.tags["mlflow.note.content"] == (
        "2 trials over apriori.min_support on ml-latest-small-2016 (100,004 interactions), for the highest "
        "max_lift.\n\n"
        "Trial 0 has the highest max_lift, 4.6049. That is 0.969653 above the next value (trial 1) and "
        "0.484826 above the median of the 2 trials.\n\n"
        "| Trial 0 | |\n| --- | --- |\n| `apriori.min_support` | `0.1` |\n| `evaluation` | `none` |\n\n"
        "To repeat the search:\n\n"
        "    python -m recsys -m apriori.min_support=0.1,0.2 evaluation=none\n\n"
        "To repeat the best trial:\n\n"
        "    python -m recsys apriori.min_support=0.1 evaluation=none hydra.mode=RUN"
    )
    artifacts = {one.path for one in MlflowClient(f"sqlite:///{store}").list_artifacts(parent.info.run_id)}
    assert artifacts == {"report.html", "search.png"}


@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_failed_trial_among_others(call, store):
    outcome = call(
        "-m", "hydra/sweeper=optuna", "hydra.sweeper.sampler.seed=1", "hydra.sweep.dir=sweep",
        "~hydra.callbacks.report", "hydra.sweeper.n_trials=3", "hydra.sweeper.max_failure_rate=1.0",
        "hydra/sweeper/sampler=grid",
        "apriori.min_support=choice(0.2, 0.3, 7)", "evaluation=none", tracking=True,
    )  # fmt: skip
    assert outcome.code == 0, outcome.stderr
    runs = runs_in(store)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert {run.data.params["apriori.min_support"]: run.info.status for run in children} == {
        "0.2": "FINISHED", "0.3": "FINISHED", "7": "FAILED"
    }  # fmt: skip
    (parent,) = [run for run in runs if run not in children]
    assert parent.data.metrics["n_trials"] == 3
    assert parent.data.metrics["n_complete"] == 2
    assert parent.data.metrics["n_fail"] == 1
    assert parent.info.status == "FINISHED"


@pytest.mark.usefixtures("sender_in_a_thread")
def test_several_objectives_have_no_single_best(call, store):
    outcome = call(
        "-m",
        "objective=lift_and_rules",
        "evaluation=none",
        "apriori.min_support=0.1,0.2",
        "hydra.sweep.dir=sweep",
        "~hydra.callbacks.report",
        tracking=True,
    )
    assert outcome.code == 0, outcome.stderr
    (parent,) = [run for run in runs_in(store) if "mlflow.parentRunId" not in run.data.tags]
    assert "best_lift" in parent.data.metrics
    assert "best_trial" not in parent.data.metrics
    note = parent.data.tags["mlflow.note.content"]
    assert "for the highest mean_lift and the highest n_rules.\n\n2 trials are on the Pareto front" in note


STUDY = [
    "-m", "hydra/sweeper=optuna", "hydra/sweeper/sampler=random", "hydra.sweeper.study_name=again",
    "hydra.sweeper.storage=sqlite:///study.db", "apriori.min_support=choice(0.2, 0.3)", "evaluation=none",
    "~hydra.callbacks.report",
]  # fmt: skip


@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_study_that_continues_has_one_run(call, store):
    for folder, n_trials in (("first", 1), ("second", 2)):
        outcome = call(
            *STUDY, f"hydra.sweeper.n_trials={n_trials}", f"hydra.sweep.dir={folder}", tracking=True
        )
        assert outcome.code == 0, outcome.stderr
    runs = runs_in(store)
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run is not parent]
    numbers = sorted(int(run.data.tags["trial.number"]) for run in children)
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 2
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["study"] for run in runs} == {"again"}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    results = yaml.safe_load((store.parent / "second/optimization_results.yaml").read_text())
    assert results["mlflow_parent_run_id"] == parent.info.run_id
    assert len(parent.inputs.dataset_inputs) == 1
    assert parent.data.tags["mlflow.note.content"].startswith("2 trials")
    assert parent.data.metrics["best_value"] == results["best_value"]


@pytest.mark.usefixtures("sender_in_a_thread")  # which does not wait at the end
@tries("recsys/tracking/queue.py", "'sync'")
def test_a_tracking_server_that_is_down(call, store, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    address = "hydra.callbacks.mlflow.tracking_uri=http://bob:s3cret@127.0.0.1:9"
    outcome = call("apriori.min_support=0.3", "hydra.run.dir=out", address, tracking=True)
    assert outcome.code == 0
    assert (tmp_path / "out/metrics.json").exists()
    assert "MLflow cannot be reached at http://***@127.0.0.1:9" in outcome.stdout
    assert "s3cret" not in outcome.stdout + outcome.stderr
    assert len(list((tmp_path / "out/.mlflow-queue").glob("0*.json"))) == 2
    client = MlflowClient(f"sqlite:///{store}")
    monkeypatch.setattr("recsys.tracking.record.connect", lambda _: client)  # it is there again
    assert program.main(command_in(outcome.stdout, "Send it with: ")[1:]) == 0
    assert [run.info.status for run in runs_in(store)] == ["FINISHED"]


def test_a_tracking_server_that_never_answers(call, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        outcome = call(
            "apriori.min_support=0.3", "hydra.run.dir=out", f"hydra.callbacks.mlflow.tracking_uri={address}",
            "hydra.callbacks.mlflow.patience=0.1", tracking=True,
        )  # fmt: skip
    assert outcome.code == 0
    assert "MLflow has not taken all of the record" in outcome.stdout
    assert len(list((tmp_path / "out/.mlflow-queue").glob("0*.json"))) == 2


@pytest.mark.parametrize(
    "address", ["ftp://server", "mlflow.db", "sqlite://mlflow.db", "http://", "file:mlruns", "uc"]
)
def test_an_address_that_is_none(call, tmp_path, address):
    outcome = call("hydra.run.dir=out", f"hydra.callbacks.mlflow.tracking_uri='{address}'", tracking=True)
    assert outcome.code == 1
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith("hydra.callbacks.mlflow.tracking_uri must be an address that MLflow knows. Got")


def test_a_folder_of_files_in_the_environment(call, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:./mlruns")
    outcome = call("hydra.run.dir=out", tracking=True)
    assert outcome.code == 1
    last = outcome.stderr.splitlines()[-1]
    assert last.startswith("MLFLOW_TRACKING_URI must be an address that MLflow knows. Got 'file:./mlruns' (")


@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_deleted_experiment_is_refused_before_the_first_trial(call, store, tmp_path):
    client = MlflowClient(f"sqlite:///{store}")
    client.delete_experiment(client.create_experiment("gone"))
    outcome = call(
        "-m", "apriori.min_support=0.3,0.4", "hydra.sweep.dir=sweep", "experiment_name=gone", tracking=True
    )
    assert outcome.code == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(
        "experiment_name must be an MLflow experiment that is not deleted. Got 'gone'. Restore"
    )
    assert not list((tmp_path / "sweep").iterdir())


@tries("recsys/tracking/queue.py", "'sync'")
@pytest.mark.usefixtures("sender_in_a_thread")
@pytest.mark.parametrize("mode", [["hydra.run.dir=out"], ["-m", "hydra.sweep.dir=out"]])
def test_a_record_that_is_refused_on_the_way(call, store, monkeypatch, mode):
    apply = Record.apply

    def refuse_the_end(self, entry):
        if entry.end:
            raise ValueError("MLflow says no")
        apply(self, entry)

    with monkeypatch.context() as patch:
        patch.setattr(Record, "apply", refuse_the_end)
        outcome = call(*mode, "apriori.min_support=0.3", "evaluation=none", tracking=True)
    assert outcome.code == 1
    last = outcome.stdout.splitlines()[-1]
    assert "The record is not whole: MLflow refused" in last
    assert program.main(command_in(last, "(MLflow says no). When that is corrected, send it: ")[1:]) == 0
    assert {run.info.status for run in runs_in(store)} == {"FINISHED"}


@pytest.mark.parametrize(
    ("configured", "environment", "expected"),
    [
        ("${oc.env:MLFLOW_EXPERIMENT_NAME,recsys}", {}, ("recsys", None, None)),
        ("${oc.env:MLFLOW_EXPERIMENT_NAME,recsys}", {"NAME": "n"}, ("n", None, None)),
        ("${oc.env:MLFLOW_EXPERIMENT_NAME,recsys}", {"ID": "7"}, (None, "7", None)),
        ("${oc.env:MLFLOW_EXPERIMENT_NAME,recsys}", {"NAME": "n", "ID": "7"}, ("n", "7", None)),
        ("${oc.env:MLFLOW_EXPERIMENT_NAME,recsys}", {"ID": "7", "RUN": "r"}, (None, None, "r")),
        ("typed", {"NAME": "n", "ID": "7"}, ("typed", None, None)),
        ("recsys", {"ID": "7"}, ("recsys", None, None)),
        ("typed", {"ID": "7", "RUN": "r"}, ("typed", None, "r")),
    ],
)
def test_which_experiment(monkeypatch, configured, environment, expected):
    """What is set in the configuration comes before the environment."""
    if "NAME" in environment:
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", environment["NAME"])
    config = OmegaConf.create({"experiment_name": configured})
    callback = MLflowCallback(
        "", config.experiment_name, experiment_id=environment.get("ID"), run_id=environment.get("RUN")
    )
    keys = ("experiment_name", "experiment_id", "run_id")
    assert callback._destination(config) == dict(zip(keys, expected, strict=True))


@pytest.mark.usefixtures("sender_in_a_thread")
def test_under_mlflow_run_trials_are_its_grandchildren(call, store, monkeypatch):
    client = MlflowClient(f"sqlite:///{store}")
    above = client.create_run(client.create_experiment("project")).info
    monkeypatch.setenv("MLFLOW_RUN_ID", above.run_id)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", above.experiment_id)
    outcome = call(
        "-m", "apriori.min_support=0.3,0.4", "hydra.sweep.dir=sweep", "~hydra.callbacks.report", tracking=True
    )
    assert outcome.code == 0, outcome.stderr
    assert "Recorded in MLflow, experiment 'project'" in outcome.stdout
    parents = Counter(run.data.tags.get("mlflow.parentRunId") for run in runs_in(store, "project"))
    assert parents[None] == parents[above.run_id] == 1
    assert sorted(parents.values()) == [1, 1, 2]


BROKEN = "recsys.tracking.mlflow_callback."
SWEEP_OF_TWO = ["-m", "apriori.min_support=0.3,0.4", "evaluation=none", "hydra.sweep.dir=sweep"]


@pytest.mark.usefixtures("sender_in_a_thread")
@pytest.mark.parametrize(
    ("called", "hook", "times"),
    [
        (BROKEN + "stamp", "on_multirun_start", 1),
        (BROKEN + "SenderProcess", "on_multirun_start", 1),
        (BROKEN + "write_links", "on_job_start", 2),
        ("recsys.tracking.entry.Entry.add_results", "on_job_end", 2),
        (BROKEN + "SenderProcess.close", "_wait_for_sender", 1),
    ],
)
def test_errors_of_a_hook_are_seen_and_the_sweep_is_intact(call, store, monkeypatch, called, hook, times):
    def broken(*args, **kwargs):
        raise RuntimeError("tracking is broken")

    monkeypatch.setattr(called, broken)
    outcome = call(*SWEEP_OF_TWO, tracking=True)
    check_that_errors_are_seen(outcome, store, f"MLflowCallback.{hook}", "RuntimeError: tracking is broken")
    told = outcome.stdout + outcome.stderr
    assert told.count(f"MLflowCallback.{hook} failed; the run goes on") == times
    assert "MLflow refuses" not in told


def check_that_errors_are_seen(outcome, store, where, error):
    """Check what is seen of a hook that failed, and what is left of its sweep."""
    assert outcome.code == 0
    for number in "01":
        assert json.loads((store.parent / "sweep" / number / "metrics.json").read_text())
    assert (store.parent / "sweep/report.html").exists()
    told = outcome.stdout + outcome.stderr
    assert f"{where} failed; the run goes on" in told
    assert "Traceback (most recent call last)" in told
    *_, last = [line for line in told.splitlines() if "The record is not whole" in line]
    assert f"The first: {where}: {error}" in last


@pytest.mark.usefixtures("sender_in_a_thread")
def test_errors_of_several_hooks(call, store, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("tracking is broken")

    monkeypatch.setattr("recsys.tracking.mlflow_callback._parameters", broken)
    outcome = call("apriori.min_support=0.3", "hydra.run.dir=run", tracking=True)
    assert outcome.code == 0
    assert json.loads((store.parent / "run/metrics.json").read_text())
    told = outcome.stdout + outcome.stderr
    summary = "The record is not whole: an error, see above. The first: MLflowCallback.on_job_start: "
    assert summary + "RuntimeError: tracking is broken" in told


def test_an_empty_address_is_none():
    assert MLflowCallback("", "e").tracking_uri == "sqlite:///mlflow.db"


def test_a_sweep_that_is_given_up_is_failed(store, tmp_path):
    done = shell(
        "-m",
        "hydra/sweeper=optuna",
        "apriori.min_support=choice(7, 8)",
        "hydra.sweep.dir=sweep",
        cwd=tmp_path,
    )
    assert done.returncode != 0
    runs = runs_in(store)
    assert {run.info.status for run in runs} == {"FAILED"}
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    artifacts = MlflowClient(f"sqlite:///{store}").list_artifacts(parent.info.run_id)
    assert {item.path for item in artifacts} == {"optimization_results.yaml", "trials.csv", "report.html"}
    assert "apriori.min_support must be" in (tmp_path / "sweep/report.html").read_text()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_cut_is_killed(store, tmp_path, end):
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from recsys.tracking.mlflow_callback import MLflowCallback\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background shell ignores it
        f"callback = MLflowCallback('sqlite:///{store}', 'cut')\n"
        "callback._open(Path('out'), {'experiment_name': 'cut'})\n"
        "callback._start('key', 'one', {}, {})\n"
        f"os.kill(os.getpid(), {int(end)})"
    )
    done = programs.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode in (-end, 1)  # when the pipe for its errors closes, the sender is gone too
    (run,) = runs_in(store, "cut")
    assert run.info.status == "KILLED"


def test_pruned_is_known_by_its_name():
    from recsys.tracking.mlflow_callback import _is_pruned

    pruned = type("TrialPruned", (Exception,), {"__module__": "optuna.exceptions"})
    derived = type("Mine", (pruned,), {"__module__": "mine"})
    assert _is_pruned(pruned())
    assert _is_pruned(derived())
    assert not _is_pruned(type("TrialPruned", (Exception,), {"__module__": "mine"})())
    assert not _is_pruned(None)


def test_the_callback_goes_to_other_processes():
    import pickle

    copy = pickle.loads(pickle.dumps(MLflowCallback("sqlite:///x.db", "e")))
    assert copy.tracking_uri == "sqlite:///x.db"


# The application, interrupted as by Ctrl-C in its second job.
INTERRUPTED = """
import os, signal
from recsys import pipeline
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it
run, calls = pipeline.run, []
def interrupted(*args, **kwargs):
    calls.append(run)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return run(*args, **kwargs)
pipeline.run = interrupted
from recsys.__main__ import main
main()
"""


@pytest.mark.usefixtures("sender_in_a_thread")
def test_ctrl_c_then_continued(call, store, tmp_path):
    study = ["-m", "hydra/sweeper=optuna", "hydra.sweeper.study_name=s", "hydra.sweeper.n_trials=3"]
    study += ["evaluation=none", "apriori.min_support=interval(0.2,0.5)", "hydra.sweeper.sampler.seed=1"]
    done = programs.run(
        [sys.executable, *WARNINGS_ARE_ERRORS, "-c", INTERRUPTED, *study, "hydra.sweep.dir=first"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    children, parent = family(store)
    assert [run.info.status for run in children] == ["FINISHED", "FINISHED"]
    assert (parent.info.status, parent.data.tags["ended_by"]) == ("KILLED", "interrupt")
    outcome = call(*study, "hydra.sweep.dir=second", tracking=True)
    assert outcome.code == 0, outcome.stderr
    children, parent = family(store)
    assert [run.info.status for run in children] == ["FINISHED"] * 3
    assert (parent.info.status, parent.data.tags["ended_by"]) == ("FINISHED", "total")
    assert parent.data.metrics["n_complete"] == 3
    # From the shell, for it is as the program ends that the record learns of it.
    refused = shell(*study, "hydra.sweep.dir=third", "apriori.max_len=3", cwd=tmp_path)
    assert refused.returncode != 0
    children, parent = family(store)
    assert len(children) == 3
    assert (parent.info.status, parent.data.metrics["n_complete"]) == ("FINISHED", 3)


def family(store):
    """The children by their numbers, and their parent."""
    *children, parent = sorted(
        runs_in(store), key=lambda run: int(run.data.tags.get("trial.number", 1_000_000))
    )
    return children, parent


SYSTEM = {f"system/{name}" for name in ("cpu_utilization_percentage", "system_memory_usage_megabytes")}


@pytest.mark.usefixtures("sender_in_a_thread")
@pytest.mark.parametrize("mode", ["run", "sweep"])
def test_system_metrics(call, store, monkeypatch, mode):
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    typed = ["apriori.min_support=0.5", "evaluation=none", "hydra.run.dir=out"]
    if mode == "sweep":
        typed = ["-m", *typed, "engine=bitset,fpgrowth", "hydra.sweep.dir=out"]
    outcome = call(*typed, tracking=True)
    assert outcome.code == 0, outcome.stderr
    (recorded,) = [run for run in runs_in(store) if "mlflow.parentRunId" not in run.data.tags]
    assert set(recorded.data.metrics) >= SYSTEM
    assert recorded.data.metrics["system/system_memory_usage_megabytes"] > 0
    assert sum(set(run.data.metrics) >= SYSTEM for run in runs_in(store)) == 1  # not on children


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "yes", "true or false"),
        ("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0", "seconds, at least 0.1"),
        ("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "two", "an integer, at least 1"),
    ],
)
@pytest.mark.usefixtures("sender_in_a_thread")
def test_a_variable_of_system_metrics_is_refused(call, monkeypatch, tmp_path, variable, value, rule):
    monkeypatch.setenv(variable, value)
    outcome = call("hydra.run.dir=out", tracking=True)
    assert outcome.code != 0
    refused = f"{variable} must be {rule}. Got '{value}'. Unset it for MLflow's default."
    assert refused in outcome.stdout + outcome.stderr
    assert not (tmp_path / "out/metrics.json").exists()
