"""Recommendations: measured in a run, searched for in a sweep, compared, and told in the terminal."""

import json
import re
from pathlib import Path

import pytest
import yaml

from recsys.cli import recommend
from tests.conftest import shell

SMALL = ("apriori.min_support=0.05", "output.show_rules=0")
SWEEP = ("hydra.sweep.dir=sweep", "hydra.sweeper.study_name=s", "~hydra.callbacks.report")


def read(path):
    return json.loads(Path(path).read_text("utf-8"))


def test_a_run_measures_its_lists(call):
    first = call(*SMALL, "hydra.run.dir=first")
    assert first.code == 0, first.stderr
    metrics = read("first/metrics.json")
    assert 0 < metrics["ndcg@10"] < metrics["hit_rate@10"] < 1
    assert {"seconds_fit", "seconds_recommend", "seconds_evaluate"} <= metrics.keys()
    again = call(*SMALL, "hydra.run.dir=again", "engine.n_threads=1", "cache.enabled=false")
    assert again.code == 0, again.stderr
    same = {name: value for name, value in read("again/metrics.json").items() if "seconds" not in name}
    assert same == {name: value for name, value in metrics.items() if "seconds" not in name}


def test_launchers_find_the_same(call, tmp_path):
    found = []
    for launcher in ("basic", "joblib"):
        # A whole path: processes of joblib that another test has left stand in another folder.
        folder = f"hydra.sweep.dir={tmp_path / launcher}"
        many = ("recommender=rules,als", folder, f"hydra/launcher={launcher}", "~hydra.callbacks.report")
        assert call("-m", *SMALL, *many).code == 0
        found.append([read(f"{launcher}/{number}/metrics.json") for number in (0, 1)])
    for one, other in zip(*found, strict=True):
        assert {name: value for name, value in one.items() if "seconds" not in name} == {
            name: value for name, value in other.items() if "seconds" not in name
        }


def test_constraints_of_lists_and_of_serving_them(call):
    bounds = "{fallback_share@10: {at_most: 0.5}, milliseconds_per_user: {at_most: 1000}}"
    swept = call(
        "experiment=tune_ranking",
        "hydra.sweeper.n_trials=2",
        "apriori.min_support=tag(log, interval(0.05, 0.1))",
        f"objective.constraints={bounds}",
        *SWEEP,
    )
    assert swept.code == 0, swept.stderr
    header = Path("sweep/trials.csv").read_text("utf-8").splitlines()[0]
    assert "constraints_fallback_share@10<=0.5,constraints_milliseconds_per_user<=1000" in header


def test_the_time_to_serve_is_told_after_each_length(call):
    swept = call(
        "experiment=tune_ranking",
        "hydra.sweeper.n_trials=1",
        "apriori.min_support=tag(log, interval(0.09, 0.1))",
        "apriori.max_len=3",
        "objective.metrics=[milliseconds_per_user]",
        "objective.directions=[minimize]",
        "hydra/sweeper/pruner=median",
        *SWEEP,
    )
    assert swept.code == 0, swept.stderr
    assert "0,complete" in Path("sweep/trials.csv").read_text("utf-8")


def test_a_final_measure_that_breaks_is_seen_and_the_sweep_stays(call, monkeypatch):
    def breaks(_folder):
        raise OSError("no room")

    monkeypatch.setattr("recsys.reporting.final.measure_on_test", breaks)
    narrow = "apriori.min_support=tag(log, interval(0.09, 0.1))"
    swept = call("experiment=tune_ranking", "hydra.sweeper.n_trials=1", narrow, *SWEEP)
    assert swept.code == 1, swept.stderr
    assert "FinalCallback._measure failed; the run goes on" in swept.stdout
    assert Path("sweep/optimization_results.yaml").exists()


def test_without_evaluation_nothing_is_recommended(call):
    assert call(*SMALL, "evaluation=none", "hydra.run.dir=out").code == 0
    assert not [name for name in read("out/metrics.json") if "@" in name]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("objective=ndcg", "evaluation=none"),
            "objective.metrics must be one of n_transactions, .* with evaluation=none",
        ),
        (
            ("objective.metrics=[ndcg@7]",),
            r"cut at one of evaluation.cutoffs. Got .ndcg@7.. Set 'evaluation.cutoffs=\[5,7,10,20\]'",
        ),
        (("objective.metrics=[ndcg]",), r"objective.metrics must be one of .*ndcg@k.*Got 'ndcg'"),
        (("recommender.alpha=-1",), r"recommender.alpha must be .*Got -1"),
        (
            (
                "evaluation=temporal",
                "evaluation.test_size=2",
            ),
            r"evaluation.test_size must be .*Got 2",
        ),
    ],
)
def test_bad_input(call, overrides, message):
    outcome = call(*SMALL, *overrides, "hydra.run.dir=out")
    assert outcome.code == 1
    import re

    assert re.search(message, outcome.stderr), outcome.stderr


def test_the_winner_is_measured_once_on_the_test_part(call):
    swept = call(
        "experiment=tune_ranking",
        "hydra.sweeper.n_trials=3",
        "apriori.min_support=tag(log, interval(0.05, 0.1))",
        *SWEEP,
    )
    assert swept.code == 0, swept.stderr
    results = yaml.safe_load(Path("sweep/optimization_results.yaml").read_text("utf-8"))
    ((number, measured),) = read("sweep/test.json").items()
    assert int(number) == results["best_trial"]
    ndcg = measured["ndcg@10"]
    assert 0 < ndcg["low"] < ndcg["value"] < ndcg["high"]
    slices = {one["name"]: one for one in read("sweep/slices.json")[number]}
    of_users = [one for name, one in slices.items() if name.startswith("users who ")]
    assert sum(one["n"] for one in of_users) == measured["n_evaluated_users"]["value"]
    mean = sum(one["n"] * one["value"]["value"] for one in of_users) / sum(one["n"] for one in of_users)
    assert mean == pytest.approx(ndcg["value"])
    assert slices["held-out films, popular"]["metric"] == "hit_share@10"
    assert ndcg["value"] != results["best_value"]
    assert f"Trial {number} on the test part: ndcg@10 {ndcg['value']:.4f}" in swept.stdout


def test_several_moments_in_time(call):
    done = call(
        "experiment=tune_ranking",
        "evaluation=rolling",
        "preprocessing.min_movie_ratings=20",
        "apriori.min_support=0.05,0.1",
        "hydra.sweeper.n_trials=2",
        "hydra/sweeper/pruner=median",
        *SWEEP,
    )
    assert done.code == 0, done.stderr
    for trial in range(2):
        folds = [fold["ndcg@10"] for fold in read(f"sweep/{trial}/folds.json")["folds"]]
        assert len(set(folds)) == 3
        assert read(f"sweep/{trial}/metrics.json")["ndcg@10"] == pytest.approx(sum(folds) / 3)
    assert "Over 3 folds trial " in done.stdout
    assert "with a standard error of" in done.stdout


def test_the_seeds_objective_measures_no_test_part(call):
    assert call("experiment=seed_sweep", "hydra.sweeper.n_trials=2", *SWEEP).code == 0
    assert not Path("sweep/test.json").exists()


def test_recommenders_compared(tmp_path):
    """In a process of its own: what MLflow then holds is asserted, too."""
    few = ("preprocessing.min_movie_ratings=60", "evaluation.n_resamples=100")
    done = shell("experiment=compare", "hydra.sweeper.n_trials=7", *few, *SWEEP, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "refuses" not in done.stdout
    compared = read(tmp_path / "sweep/compare.json")
    names = "popularity rules weighted_rules item_knn als ease hybrid"
    assert set(compared) == set(names.split())
    for metrics in compared.values():
        assert {"value", "low", "high"} == metrics["ndcg@10"].keys()
        assert metrics["ndcg@10"]["low"] <= metrics["ndcg@10"]["value"] <= metrics["ndcg@10"]["high"]
    values = [metrics["ndcg@10"]["value"] for metrics in compared.values()]
    assert values == sorted(values, reverse=True)
    differences = read(tmp_path / "sweep/compare_differences.json")
    gain = differences["ease"]["ndcg@10"]["value"]
    expected = compared["ease"]["ndcg@10"]["value"] - compared["popularity"]["ndcg@10"]["value"]
    assert gain == pytest.approx(expected, abs=1e-12)
    pairs = read(tmp_path / "sweep/compare_pairs.json")["pairs"]
    assert len(pairs) == 21
    (pair,) = [one for one in pairs if {one["first"], one["second"]} == {"ease", "popularity"}]
    assert abs(pair["difference"]["value"]) == pytest.approx(abs(gain), abs=1e-12)
    assert all(0 <= one["p_value"] <= 1 for one in pairs)
    assert "## All pairs" in (tmp_path / "sweep/compare.md").read_text("utf-8")
    assert "| popularity |" in (tmp_path / "sweep/compare.md").read_text("utf-8")
    assert (tmp_path / "sweep/compare.png").read_bytes().startswith(b"\x89PNG")

    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("recsys").experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("dataset" in run.data.params for run in runs)
    assert (
        parent.data.metrics["test_ndcg_at_10"]
        == read(tmp_path / "sweep/test.json").popitem()[1]["ndcg@10"]["value"]
    )
    files = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"compare.md", "compare.json", "compare.png", "test.json"} <= files


def test_recommenders_of_next_baskets_compared(call):
    small = ("dataset.n_customers=40", "dataset.n_orders=300", "evaluation.n_resamples=50")
    few = ("hydra.sweeper.n_trials=4", *small)  # the first ones are listed in the experiment
    swept = call("experiment=compare_next_basket", *few, *SWEEP)
    assert swept.code == 0, swept.stderr
    compared = read("sweep/compare.json")
    assert set(compared) == {"personal_frequency", "tifuknn", "up_cf"}
    differences = read("sweep/compare_differences.json")["tifuknn"]
    for metric in ("ndcg_repeat@10", "ndcg_new@10"):
        gain = compared["tifuknn"][metric]["value"] - compared["personal_frequency"][metric]["value"]
        assert differences[metric]["value"] == pytest.approx(gain)
    assert "ndcg_new@10 minus personal_frequency" in Path("sweep/compare.md").read_text("utf-8")


def test_recommenders_that_miss_a_constraint_are_named(call):
    swept = call(
        "experiment=compare",
        "hydra.sweeper.n_trials=4",
        "recommender=choice(popularity,ease)",
        "hydra.sweeper.enqueue=[]",
        "preprocessing.min_movie_ratings=20",
        "objective.constraints={coverage@10:{at_least:0.4}}",
        *SWEEP,
    )
    assert swept.code == 0, swept.stderr
    assert "No trial keeps the constraints of the objective: popularity." in swept.stdout


@pytest.mark.parametrize(
    ("override", "got"),
    [
        ("recommender=choice(ease,item_knn)", "Got ease, item_knn."),
        ("recommender=popularity", "Got popularity."),
        ("hydra.callbacks.compare.by=engine", "Got no such parameter."),
    ],
)
def test_what_cannot_be_compared_is_refused_before_any_trial(call, override, got):
    swept = call("experiment=compare", "hydra.sweeper.n_trials=4", override, *SWEEP)
    assert swept.code == 1
    assert got in swept.stderr
    assert not Path("sweep/trials.csv").exists()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("model")
    done = shell(*SMALL, f"hydra.run.dir={folder}", "hydra/callbacks=untracked", cwd=folder)
    assert done.returncode == 0, done.stderr
    return str(folder)


def test_recommendations_in_the_terminal(model, capfd):
    code = recommend.main(["--model", model, "--likes", "toy story", "The Matrix", "--k", "3", "--json"])
    told = json.loads(capfd.readouterr().out)
    assert code == 0
    assert told["likes"] == ["Toy Story", "The Matrix"] or len(told["likes"]) == 2
    assert len(told["recommendations"]) == 3
    for one in told["recommendations"]:
        assert one["title"] not in told["likes"]
        assert one["source"] == "rule"
        assert one["reasons"][0]["confidence"] > 0
    assert recommend.main(["--model", model, "--likes", "toy story", "--k", "2"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("You liked Toy Story")
    assert "because you liked Toy Story" in out
    assert recommend.main(["--model", model, "--user", "15", "--k", "2"]) == 0
    assert re.match(r"User 15 liked [\d,]+ films; the latest: ", capfd.readouterr().out)
    assert recommend.main(["--model", model, "--user", "nobody"]) == 1
    assert "--user: the model knows no user 'nobody'. Give another, such as 1." in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--likes", "Zzzzzzz"], "No item is called 'Zzzzzzz'"),
        (["--likes", "star wars"], "'star wars' may be one of"),
    ],
)
def test_titles_that_are_not_clear(model, capfd, arguments, message):
    assert recommend.main(["--model", model, *arguments]) == 1
    assert message in capfd.readouterr().err


def test_no_model(tmp_path, capsys):
    assert recommend.main(["--model", str(tmp_path)]) == 1
    assert "neither a run nor a sweep left its configuration there" in capsys.readouterr().err
