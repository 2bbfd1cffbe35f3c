"""Versions, aliases, the gate and the way back, as MLflow then has them."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient
from sqlalchemy.exc import OperationalError

from optuna_sweeper.results.schema import LINKS_FILE
from recsys.cli import registry as terminal
from recsys.errors import DataFormatError, DataNotFoundError, RegistryError
from recsys.feedback import Feedback, FeedbackStore
from recsys.metrics import LIST_METRICS
from recsys.models import promotion
from recsys.models.bundle import Bundle
from recsys.models.gate import Gate
from recsys.models.mlflow_model import load_bundle, log_model
from recsys.models.registry import Registry
from recsys.models.version_history import version_history
from recsys.serving.source import source_of
from tests.integration.cures import command_in, tries
from tests.models.problems import bundle_of
from tests.tracking.run_folders import write_run

DATASET = ("dataset_name", "dataset_digest")
LOOSE = ["--min-coverage", "0.001", "--max-latency", "10000"]  # other processes may slow this one down


@pytest.fixture(scope="module", autouse=True)
def _without_code():
    """Register versions without the hundreds of files of the project, which test_mlflow_model.py has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsys.models.mlflow_model.PACKAGES", ())
        yield


@pytest.fixture(scope="module")
def registered(empty_store, tmp_path_factory):
    """A folder with MLflow's store and files of two versions, of which the first one is the champion."""
    folder = tmp_path_factory.mktemp("registered")
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        for name in ("first", "second"):
            run = write_run(folder / name, "recommender=popularity")
            assert terminal.main(["register", str(run), *LOOSE]) == 0
    return folder


@pytest.fixture
def two_versions(registered, store):
    """Have a copy of them in the store of the test, before it is opened."""
    shutil.copy(registered / "mlflow.db", store)
    shutil.copytree(registered / "mlruns", store.parent / "mlruns")
    with closing(sqlite3.connect(store)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.startswith("VARCHAR") or kind == "TEXT":
                    moved = f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)"
                    database.execute(moved, (str(registered), str(store.parent), str(registered)))
        database.commit()


@pytest.fixture
def client(store, monkeypatch):
    """MLflow, which everything here finds by its address in the environment."""
    uri = f"sqlite:///{store}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return MlflowClient(uri)


@pytest.fixture
def say(capsys):
    """Call the program; return its exit code and what it says."""

    def say(*arguments):
        code = terminal.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return say


def registry_words(said, after):
    """Return what is advised behind a text, less the name of the program."""
    program, *words = command_in(said, after)
    assert program == "registry"
    return words


def aliases(client):
    found = client.get_registered_model("recsys").aliases
    return {alias: str(number) for alias, number in found.items()}


def metrics_of_model(client, version):
    """Return the metrics of the version's model, as MLflow's Models page has them."""
    return {metric.key: metric for metric in model_of(client, version).metrics}


def model_of(client, version):
    return client.get_logged_model(version.source.removeprefix("models:/"))


def test_from_the_first_version_to_the_way_back(client, say, tmp_path):
    good = write_run(tmp_path / "good", "recommender=item_knn")
    run = client.create_run(client.create_experiment("recsys")).info.run_id
    (good / LINKS_FILE).write_text(json.dumps({"mlflow_run_id": run, "study": "s", "trial": "7"}))

    code, said = say("register", str(good), *LOOSE)
    assert code == 0, said
    assert "Registered as version 1 of recsys, the challenger, fitted on all data." in said
    assert "passed  coverage@10" in said
    assert "passed  a request takes" in said
    assert "Version 1 of recsys is the champion." in said
    assert aliases(client) == {"challenger": "1", "champion": "1"}
    first = client.get_model_version("recsys", "1")
    assert first.run_id == run
    assert (first.tags["study"], first.tags["trial"]) == ("s", "7")
    assert 0 < float(first.tags["ndcg_at_10"]) <= 1
    assert first.tags["promoted_by"] == "gate"
    assert first.description.startswith(
        "ItemKNNRecommender of 16 items, fitted on all data of small: what 24 people"
    )
    names = re.findall(r"^\| (\w+@10) \| [\d.]+ \|$", first.description, re.MULTILINE)
    assert names == [name for name in LIST_METRICS if name in names]
    assert f"| ndcg@10 | {float(first.tags['ndcg_at_10']):.4f} |" in first.description
    assert "alias `champion`" in client.get_registered_model("recsys").description
    recorded = metrics_of_model(client, first)
    assert recorded["test_ndcg_at_10"].value == pytest.approx(float(first.tags["ndcg_at_10"]), rel=1e-5)
    assert recorded["test_ndcg_at_10/users who liked 1 to 9 items"].value > 0
    assert recorded["test_hit_share_at_10/held-out items popular"].value > 0
    (data,) = {(one.dataset_name, one.dataset_digest) for one in recorded.values()}
    assert data[0] == "small, test part"
    (used,) = client.get_run(run).inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == data
    assert client.get_run(run).data.metrics["test_ndcg_at_10"] == recorded["test_ndcg_at_10"].value
    assert load_bundle("models:/recsys/1").metadata["metrics"]["ndcg@10"] == pytest.approx(
        float(first.tags["ndcg_at_10"]), rel=1e-5
    )

    # Of two groups with tastes of their own, popularity knows nothing.
    worse = write_run(tmp_path / "worse", "recommender=popularity")
    code, said = say("register", str(worse), *LOOSE)
    assert code == 0, said
    assert "is not recorded in this MLflow: the version has a run of its own." in said
    second = client.get_model_version("recsys", "2")
    assert client.get_run(second.run_id).info.status == "FINISHED"
    assert client.get_run(second.run_id).data.tags["output_dir"] == str(worse)
    assert {one.dataset_digest for one in metrics_of_model(client, second).values()} == {data[1]}
    above = f"metrics.test_ndcg_at_10 > {metrics_of_model(client, second)['test_ndcg_at_10'].value}"
    on = [dict(zip(DATASET, data, strict=True))]
    experiment = client.get_experiment_by_name("recsys").experiment_id
    found = client.search_logged_models([experiment], above, on)
    assert [model.model_id for model in found] == [model_of(client, first).model_id]
    assert json.loads(found[0].tags["mlflow.modelVersions"]) == [{"name": "recsys", "version": "1"}]
    assert aliases(client) == {"challenger": "2", "champion": "1"}

    code, said = say("compare")
    assert code == 0, said
    assert said.splitlines()[0].split() == ["metric", "version", "2", "version", "1", "difference"]
    assert "24 users of the test part, paired." in said

    code, said = say("promote", "--metric", "mrr@5", *LOOSE)
    assert code == 1
    assert "REFUSED mrr@5" in said
    assert "Version 2 of recsys does not become the champion." in said
    assert aliases(client)["champion"] == "1"
    refused, accepted = version_history(Registry().versions())
    assert (refused.outcome, refused.aliases) == ("refused by the gate", ["challenger"])
    assert refused.checks[0].startswith("REFUSED as served: mrr@5 ")
    assert (accepted.outcome, accepted.aliases) == ("promoted by the gate", ["champion"])
    assert [check.partition(" ")[0] for check in accepted.checks] == ["coverage@10", "a"]
    assert accepted.ndcg == float(first.tags["ndcg_at_10"])
    assert accepted.recommender == "ItemKNNRecommender"
    assert accepted.outcome_at >= accepted.registered

    code, said = say("promote", "--force")
    assert code == 0
    assert "Version 2 of recsys is the champion, after version 1." in said
    assert client.get_model_version("recsys", "2").tags["promoted_by"] == "hand"
    assert aliases(client)["champion"] == "2"
    assert say("promote") == (0, "Version 2 of recsys is the champion already.\n")

    code, said = say("promote", "1", *LOOSE)
    assert code == 0, said
    assert "passed  ndcg@10" in said
    code, said = say("rollback")
    assert (code, said) == (0, "Version 2 of recsys is the champion again, version 1 no longer.\n")
    assert aliases(client)["champion"] == "2"
    source = source_of("models:/recsys@champion")
    assert [(one.version, one.outcome) for one in source.versions()] == [
        ("2", "promoted by hand"),
        ("1", "rolled back"),
    ]
    assert source_of("models:/recsys/1").versions() == source.versions()

    code, said = say("list")
    assert code == 0
    newest, oldest = said.splitlines()[1:]
    assert newest.split()[:3] == ["2", "challenger,", "champion"]
    assert oldest.split()[0] == "1"
    assert "ItemKNNRecommender" in oldest


@tries("recsys/models/registry.py", "Measure it against that")
def test_the_gate_is_for_the_champion_that_is_replaced(client, say, tmp_path, monkeypatch):
    for recommender in ("popularity", "item_knn", "popularity"):
        run = write_run(tmp_path / str(len(list(tmp_path.iterdir()))), f"recommender={recommender}")
        assert say("register", str(run), *LOOSE)[0] == 0
    measure_latency = promotion.measure_latency

    def while_somebody_else_promotes(bundle):
        client.set_registered_model_alias("recsys", "champion", "2")
        return measure_latency(bundle)

    monkeypatch.setattr(promotion, "measure_latency", while_somebody_else_promotes)
    code, said = say("promote", "3", *LOOSE)
    assert code == 1
    assert (
        "Version 3 of recsys was measured against version 1, and meanwhile the champion is version 2" in said
    )
    assert aliases(client)["champion"] == "2"
    code, said = say(*registry_words(said, "Measure it against that: "), *LOOSE)
    assert code == 1
    assert "REFUSED ndcg@10" in said


@tries("recsys/models/promotion.py", "Promote it by hand")
def test_versions_of_other_items_are_promoted_by_hand(client, say, tmp_path):
    for name in ("first", "second"):
        run = write_run(tmp_path / name, "recommender=popularity")
        if name == "second":
            header, *rows = (run / "ratings.csv").read_text().splitlines()
            named = [row.replace(",", ",film ", 1) for row in rows]
            (run / "ratings.csv").write_text("\n".join([header, *named]))
        assert say("register", str(run), *LOOSE)[0] == 0
    code, said = say("promote", *LOOSE)
    assert code == 1
    assert said.startswith("The versions cannot be compared: The items of one version have integers for ids")
    assert say(*registry_words(said, "Promote it by hand: "))[0] == 0
    assert aliases(client)["champion"] == "2"


def test_the_train_part_alone(client, tmp_path):
    run = write_run(tmp_path / "run", "recommender=popularity", "evaluation=leave_last_out")
    assert promotion.register(Registry("mine"), run, refit=False) == "1"
    kept = load_bundle("models:/mine/1")
    assert len(kept.histories.item_indices) == 24 * 5
    assert kept.metadata["fitted_on"] == "all but the test part"


def test_a_challenger_that_has_not_seen_the_test_part_is_compared_with_a_champion_that_has(client, tmp_path):
    """As if it, too, were fitted on all ratings: the same configuration is as good."""
    gate = Gate(min_coverage=0.001, max_latency=10_000)
    for name, refit in (("first", True), ("second", False)):
        run = write_run(tmp_path / name, "recommender=item_knn")
        promotion.register(Registry("mine"), run, refit, gate)
    decision = promotion.promote(Registry("mine"), gate=gate)
    assert decision.accepted
    assert "difference +0.0000 at 95%" in decision.checks[0].text


def test_the_bounds_keep_the_first_version_out(client, say, tmp_path):
    run = write_run(tmp_path / "run", "recommender=popularity")
    code, said = say("register", str(run), "--min-coverage", "1")
    assert code == 0
    assert "REFUSED coverage@10" in said
    assert Registry().with_alias("champion") is None
    assert Registry().with_alias("challenger") == "1"
    code, said = say("rollback")
    assert (code, said) == (1, "recsys has no champion to roll back. Promote a version first.\n")
    code, said = say("promote", "--force")
    assert code == 0
    code, said = say("rollback")
    assert (code, said) == (1, "Version 1 of recsys is its first champion: there is none before.\n")


@tries("recsys/models/registry.py", "Register a version (")
@tries("recsys/models/store.py", "shows the versions")
def test_where_nothing_is_registered(client, say, tmp_path):
    assert Registry().with_alias("champion") is None
    assert Registry().versions() == []
    assert say("list") == (0, "No version of recsys is registered.\n")
    for command in ("promote", "compare"):
        code, said = say(command)
        assert code == 1
        assert "recsys has no challenger. Register a version (" in said
    missing = r"Model Version \(name=recsys, version=7\) not found"
    with pytest.raises(DataNotFoundError, match=missing) as caught:
        promotion.promote(Registry(), "7")
    assert say(*registry_words(caught.value, "). ")[:1]) == say("list")
    sweep = tmp_path / "multirun/sweep"
    run = write_run(sweep / "0", "recommender=popularity")
    (sweep / "multirun.yaml").write_text("objective: {metrics: [ndcg@10]}")
    (sweep / "trials.csv").write_text(f"number,state,value,job_dir\n0,complete,1.0,{run}\n")
    assert say(*registry_words(said, "Register a version ("), *LOOSE)[0] == 0
    assert aliases(client)["challenger"] == "1"


def test_a_store_that_is_locked(client, say, monkeypatch):
    def locked(address):
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr("recsys.models.store.connect", locked)
    for command in ("list", "promote", "rollback"):
        code, said = say(command)
        assert code == 1
        assert re.fullmatch(r"database is locked \(MLflow at sqlite:///.*\)\n", said)


def test_a_store_of_no_kind(say, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "other://user:sec@ret@host")
    code, said = say("list")
    assert code == 1
    assert "(MLflow at other://***@host)" in said


def test_a_version_whose_files_were_replaced_is_refused(client, say, tmp_path):
    for number, name in enumerate(("item_knn", "popularity"), start=1):
        assert say("register", str(write_run(tmp_path / name, f"recommender={name}")), *LOOSE)[0] == 0, number
    ours, other = (
        Path(model_of(client, client.get_model_version("recsys", number)).artifact_location)
        for number in "12"
    )
    shutil.copytree(other / "artifacts/bundle", ours / "artifacts/bundle", dirs_exist_ok=True)
    with pytest.raises(
        DataFormatError, match="The files of models:/recsys/1 are not those that were registered"
    ):
        load_bundle("models:/recsys/1")
    assert load_bundle("models:/recsys/2").metadata["recommender"] == "PopularityRecommender"


def test_a_version_of_something_else_is_not_learnt_anew(client, tmp_path):
    experiment = client.create_experiment("other")
    model = log_model(bundle_of("rules"), Registry().address, experiment)
    client.create_registered_model("recsys")
    source = client.get_logged_model(model).artifact_location
    client.create_model_version("recsys", source, model_id=model)
    with pytest.raises(RegistryError, match="Version 1 of recsys has no configuration"):
        promotion.promote(Registry(), "1")


def test_the_latest_sweep(tmp_path, monkeypatch, say, client):
    assert say("register", "--latest") == (
        1,
        "There is no sweep in multirun. Run one: python -m recsys experiment=seed_sweep\n",
    )
    import os

    for seconds, name in enumerate(("b", "a")):
        folder = tmp_path / "multirun" / name / "12"
        folder.mkdir(parents=True)
        (folder / "multirun.yaml").touch()
        os.utime(folder / "multirun.yaml", (seconds, seconds))
    assert terminal.latest_sweep(tmp_path / "multirun") == folder


@tries("recsys/models/registry.py", "Register its run again")
@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.usefixtures("two_versions")
def test_a_version_that_cannot_be_served_is_not_promoted(client, say, tmp_path, force):
    write_run(tmp_path / "second", "recommender=popularity")
    shutil.rmtree(client.get_model_version_download_uri("recsys", "2").removeprefix("file://"))
    code, said = say("promote", "2", *LOOSE, *force)
    assert code == 1
    assert re.fullmatch(
        "Version 2 of recsys cannot be served, and does not become the champion: models:/recsys/2 is "
        r"registered, but its files are not there: .*/artifacts/bundle\. Register its run again .*\n",
        said,
    )
    words = registry_words(said, "Register its run again (")
    assert say(*(word.replace("FOLDER", str(tmp_path / "second")) for word in words), *LOOSE)[0] == 0
    assert aliases(client)["challenger"] == "3"
    assert aliases(client)["champion"] == "1"


@pytest.mark.usefixtures("two_versions")
def test_a_version_that_answers_wrongly_is_not_promoted(client, say, monkeypatch):
    monkeypatch.setattr(Bundle, "recommend", lambda self, likes, *_, **__: [[] for _ in likes])
    code, said = say("promote", "2", "--force")
    assert code == 1
    assert "Version 2 does not pass its check: for 6 likes it gives 0 recommendations" in said
    assert aliases(client)["champion"] == "1"


@pytest.mark.usefixtures("two_versions")
def test_each_rollback_undoes_one_promotion(client, say):
    for number in ("2", "1"):
        assert say("promote", number, "--force")[0] == 0
    for champion in ("2", "1"):
        code, said = say("rollback")
        assert code == 0, said
        assert aliases(client)["champion"] == champion
    nothing_before = (1, "Version 1 of recsys is its first champion: there is none before.\n")
    assert say("rollback") == nothing_before
    assert say("promote", "2", "--force")[0] == 0
    assert say("rollback")[0] == 0
    assert aliases(client)["champion"] == "1"
    assert say("rollback") == nothing_before


@pytest.mark.usefixtures("two_versions")
def test_no_way_back_to_what_cannot_be_served(client, say):
    assert say("promote", "2", "--force")[0] == 0
    shutil.rmtree(client.get_model_version_download_uri("recsys", "1").removeprefix("file://"))
    code, said = say("rollback")
    assert code == 1
    assert "Version 1 of recsys cannot be served, and does not become the champion: " in said
    assert aliases(client)["champion"] == "2"


def poison(path, n_people, film):
    """Keep feedback of invented people who like an unknown film; return the setting."""
    store = FeedbackStore.open(str(path))
    for number in range(n_people):
        store.add(Feedback(f"list {number}", f"u{number}", film, True, created=1000))
    store.close()
    return f"dataset.feedback={path}"


def run_with_an_unknown_film(folder, *overrides):
    run = write_run(folder, "recommender=popularity", *overrides)
    with (folder / "ratings.csv").open("a") as file:
        file.write("0,99,1,0\n")  # rated once, and not liked
    return run


def test_poisoned_feedback_does_not_reach_the_champion(client, say, tmp_path, caplog):
    """600 invented people push an unknown film: they are few by default, and the gate refuses them if not."""
    assert say("register", str(run_with_an_unknown_film(tmp_path / "clean")), *LOOSE)[0] == 0
    feedback = poison(tmp_path / "feedback.db", 600, "99")

    def top(version):
        lists = load_bundle(f"models:/recsys/{version}").recommend([[item] for item in range(16)], 1)
        return [row[0].item_id for row in lists]

    run = run_with_an_unknown_film(tmp_path / "limited", feedback)
    assert say("register", str(run), *LOOSE)[0] == 0
    assert load_bundle("models:/recsys/2").histories.n_users == 24 + 1
    assert "1 items were judged by more than 1 people of the page" in caplog.text
    assert 99 not in top(1) + top(2)

    run = run_with_an_unknown_film(tmp_path / "unlimited", feedback, "dataset.feedback_max_share=1")
    assert say("register", str(run), *LOOSE)[0] == 0
    assert top(3) == [99] * 16  # the poison works
    code, said = say("promote", *LOOSE)
    assert code == 1
    served, learnt_anew = said.splitlines()[:2]
    assert served.startswith("REFUSED as served: ndcg@10")
    assert ", 24 users;" in served
    assert learnt_anew.startswith("REFUSED ndcg@10")
    assert aliases(client)["champion"] == "1"
    code, said = say("compare")
    assert "24 users of the test part" in said
