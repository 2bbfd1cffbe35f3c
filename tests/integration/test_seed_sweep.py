"""The main job, as `make sweep` runs it: a real sweep, and what Optuna's files and MLflow then hold."""

import csv
import json
import os
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from tests.conftest import shell


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    done = shell("experiment=seed_sweep", "hydra.sweep.dir=sweep", cwd=folder)
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("recsys")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    return folder / "sweep", done, client, runs


def children(runs):
    return [run for run in runs if "mlflow.parentRunId" in run.data.tags]


def parent(runs):
    (run,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return run


def results(folder):
    return yaml.safe_load((folder / "optimization_results.yaml").read_text())


def test_mlflow_holds_a_parent_and_sixty_children(sweep):
    *_, runs = sweep
    assert len(children(runs)) == 60
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in children(runs)} == {parent(runs).info.run_id}
    assert sorted(int(run.data.tags["job_num"]) for run in children(runs)) == list(range(60))


def test_the_best_lift_is_the_same_in_all_records(sweep):
    folder, _, _, runs = sweep
    best_lift = parent(runs).data.metrics["best_lift"]
    assert best_lift == max(run.data.metrics["max_lift"] for run in children(runs))
    assert best_lift == results(folder)["best_value"]
    assert best_lift == 55.916666666666664  # every support up to 6 of 671 transactions gives it


def test_the_parent_holds_the_best_trials_parameters(sweep):
    folder, _, client, runs = sweep
    params = parent(runs).data.params
    best = client.get_run(parent(runs).data.tags["best_run_id"])
    assert best.data.metrics["max_lift"] == parent(runs).data.metrics["best_value"]
    for key, value in results(folder)["best_params"].items():
        assert parent(runs).data.tags[f"best.{key}"] == best.data.params[key] == str(value)
    assert results(folder)["mlflow_run_id"] == best.info.run_id
    assert results(folder)["mlflow_parent_run_id"] == parent(runs).info.run_id
    assert results(folder)["best_job_dir"] == best.data.tags["output_dir"]
    assert params["sweeper.n_trials"] == "60"


def test_a_child_holds_parameters_metrics_data_and_artifacts(sweep):
    folder, _, client, runs = sweep
    for run in children(runs)[:5]:
        trial = folder / run.data.tags["job_num"]
        metrics = json.loads((trial / "metrics.json").read_text())
        assert run.data.metrics == pytest.approx(metrics, rel=0, abs=0)
        assert run.data.params["apriori.max_len"] == "2"
        assert run.data.params["engine"] == "bitset"
        assert run.data.params["experiment"] == "seed_sweep"
        assert run.data.tags["dataset"] == "ml-latest-small-2016"
        assert len(run.data.tags["ratings_digest"]) == 64
        artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert artifacts == {"config.yaml", "rules.parquet", "rules.csv"}


def test_the_search_is_the_one_that_was_asked_for(sweep):
    folder, *_ = sweep
    with (folder / "trials.csv").open() as file:
        trials = list(csv.DictReader(file))
    assert len(trials) == 60
    assert {trial["params_apriori.metric"] for trial in trials} <= {
        "support", "confidence", "lift", "leverage", "conviction"
    }  # fmt: skip
    assert all(0.01 <= float(trial["params_apriori.min_support"]) <= 0.5 for trial in trials)
    assert all(0 <= float(trial["params_apriori.min_threshold"]) <= 1 for trial in trials)


def test_it_ends_with_a_table_and_where_to_look(sweep):
    _, done, *_ = sweep
    tail = "\n".join(done.stdout.splitlines()[-15:])
    assert "apriori.min_support" in tail
    assert "55.91" in tail
    assert "make ui" in tail
    assert tail.endswith("python -m recsys registry register sweep")


@pytest.mark.skipif(
    not Path(os.environ.get("RECSYS_DATA_DIR", ""), "ml-latest-small/ratings.csv").exists(),
    reason="needs ml-latest-small in $RECSYS_DATA_DIR, which the project may not bundle",
)
def test_on_the_seeds_ratings_it_finds_the_seeds_lift(tmp_path):
    where = {"RECSYS_DATA_DIR": str(Path(os.environ["RECSYS_DATA_DIR"]).resolve())}
    options = ["dataset=ml_latest_small", "hydra.sweep.dir=sweep", "hydra/callbacks=untracked"]
    options.append("hydra.sweeper.n_trials=20")  # a third of them is enough
    done = shell("experiment=seed_sweep", *options, cwd=tmp_path, env=where)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "sweep")["best_value"] == 53.2875
    assert results(tmp_path / "sweep")["n_trials"]["complete"] == 20
