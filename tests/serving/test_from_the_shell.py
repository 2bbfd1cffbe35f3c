"""From a sweep to explained recommendations over HTTP, as somebody does it who reads the README."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess

import pytest
from fastapi.testclient import TestClient
from mlflow import MlflowClient

from recsys.cli.feedback import report
from recsys.cli.serve import main
from recsys.errors import DataNotFoundError, RecsysError
from recsys.feedback import FeedbackStore
from recsys.models.gate import Gate
from recsys.models.promotion import promote, register
from recsys.models.registry import Registry
from recsys.serving.app import create_app
from recsys.serving.reloader import ModelReloader
from recsys.serving.settings import Settings
from recsys.serving.source import FolderSource, RegistrySource, source_of
from tests import programs
from tests.conftest import ROOT, shell
from tests.integration.cures import command_in, tries
from tests.serving.conftest import script
from tests.tracking.run_folders import write_run

LOOSE = Gate(min_coverage=0.001, max_latency=10_000)  # other processes may slow this one down

SWEEP = [
    "experiment=seed_sweep",
    "hydra.sweeper.n_trials=1",
    "hydra.sweeper.params={apriori.min_support: 0.05}",
]


@pytest.fixture(autouse=True)
def _services_are_forked(monkeypatch):
    script("serving_process")
    programs.fork_in("serving_process", monkeypatch)


@tries("recsys/tracking/mlflow_callback.py", "Make a version of the best trial")
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a sweep whose winner is the champion, in a store of its own."""
    folder = tmp_path_factory.mktemp("shell")
    swept = shell(*SWEEP, cwd=folder)
    assert swept.returncode == 0, swept.stdout + swept.stderr
    registered = shell(*command_in(swept.stdout, "Make a version of the best trial: "), cwd=folder)
    assert registered.returncode == 0, registered.stdout + registered.stderr
    assert "Version 1 of recsys is the champion." in registered.stdout
    return folder


@pytest.fixture
def registry(folder, monkeypatch):
    """The client of the store, which everything here finds by its address in the environment."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    return MlflowClient("sqlite:///mlflow.db")


def test_the_command_of_the_readme(folder):
    readme = (ROOT / "README.md").read_text().replace("\\\n", "")
    command = next(line for line in readme.splitlines() if line.startswith("curl "))
    assert shutil.which("curl"), "the README asks for curl"
    with script("serving_process").serving([], folder) as server:
        assert server.log[0] == "INFO:     Serving version 1.\n"
        here = command.replace("localhost:8000", f"localhost:{server.port}")
        assert here != command
        done = subprocess.run(shlex.split(here), capture_output=True, text=True, check=True)
    assert not [line for line in server.log if "Error" in line or "Traceback" in line]
    answer = json.loads(done.stdout)
    assert answer["model_version"] == "1"
    assert len(answer["recommendations"]) == 3
    for one in answer["recommendations"]:
        (first, *_) = one["reasons"]
        assert {like["title"] for like in first["antecedents"]} <= {"Toy Story (1995)", "Heat (1995)"}
        assert one["source"] == "rule"
        assert first["support_count"] > 0
        assert 0 < first["confidence"] <= 1
        assert first["lift"] > 0


def test_a_client_that_never_ends_its_request_does_not_keep_the_service(folder):
    with (
        script("serving_process").serving(["--drain-seconds", "1"], folder) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        head = "POST /recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n".encode())
        assert b"100 Continue" in client.recv(1000)  # it waits for the body
        server.process.terminate()
        server.process.wait(timeout=60)


def test_make_serve_runs_it(folder):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    recipe = subprocess.run(
        ["make", "-n", "-o", ".venv/installed", "serve", "PORT=8123"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert recipe.stdout.split() == [".venv/bin/python", "-m", "recsys", "serve", "--port", "8123"]


def test_where_there_is_no_champion(registry, capsys):
    assert main(["--model", "models:/other@champion"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(
        "model: no version of other has the alias champion. Make one the champion: make sweep"
    )
    assert said.endswith("such as models:/other@challenger.\n")  # for explore, too, which has no --model


def test_an_alias_is_followed(registry):
    source = source_of("models:/recsys@champion")
    assert source == RegistrySource("models:/recsys@champion")
    reloader = ModelReloader(source)
    assert reloader.load().version == "1"
    assert reloader.current.bundle.metadata["recommender"] == "RuleRecommender"
    first = registry.get_model_version("recsys", "1")
    registry.create_model_version("recsys", first.source)
    reloader.poll()
    assert reloader.current.version == "1"
    registry.set_registered_model_alias("recsys", "champion", "2")
    reloader.poll()
    assert (reloader.current.version, reloader.swaps) == ("2", 1)
    registry.delete_registered_model_alias("recsys", "champion")
    reloader.poll()
    assert reloader.current.version == "2"
    assert "no version of recsys has the alias champion" in reloader.last_failure.message
    registry.set_registered_model_alias("recsys", "champion", "1")
    reloader.poll()
    assert reloader.current.version == "1"


def test_a_version_is_served_as_long_as_the_service_runs(registry):
    source = source_of("models:/recsys/1")
    assert source == RegistrySource("models:/recsys/1")
    assert source.version() == "1"
    assert source.load("1").metadata["recommender"] == "RuleRecommender"
    with pytest.raises(DataNotFoundError, match=r"\(name=recsys, version=7\) not found"):
        ModelReloader(source_of("models:/recsys/7")).load()


def test_what_there_is_not(registry, tmp_path):
    with pytest.raises(DataNotFoundError, match=r"alias staging\. Make one the champion: make sweep"):
        ModelReloader(source_of("models:/recsys@staging")).load()
    with pytest.raises(RecsysError, match="model must be an address such as models:/recsys@champion"):
        ModelReloader(source_of("models:/recsys")).load()
    assert source_of(str(tmp_path)) == FolderSource(tmp_path)


def test_versions_are_swapped_under_load(folder, registry):
    """A damaged one among them; python scripts/swap_under_load.py asks 10,000 times."""
    outcome = script("swap_under_load").swap(folder, 500)
    assert outcome.load.failed == []
    assert outcome.broken not in outcome.answered_by
    assert "damaged" in outcome.failure
    assert outcome.good
    assert outcome.answered_by.total() >= 500


def test_feedback_comes_back_as_recommendations(registry, tmp_path):
    """Thumbs, the next model learnt with them, promoted, served: other recommendations."""
    first = write_run(tmp_path / "first", "recommender=item_knn")
    assert register(Registry("loop"), first, gate=LOOSE) == "1"
    feedback = str(tmp_path / "feedback.db")
    reloader = ModelReloader(source_of("models:/loop@champion"), poll_seconds=3600)
    reloader.load()
    app = create_app(Settings(feedback=feedback), reloader, FeedbackStore.open(feedback))
    with TestClient(app, base_url="http://localhost:8000") as client:
        # Items 0 to 7 and 8 to 15 are liked by people of two kinds; here come some who like both 0 and 12.
        before = client.post("/recommend", json={"items": [0], "k": 4}).json()
        assert 12 not in {one["item_id"] for one in before["recommendations"]}
        for person in range(8):
            shown = client.post("/recommend", json={"items": [0], "k": 15}).json()
            thumb = {"signed_list": shown["signed_list"], "user_id": f"p{person}", "item_id": 12}
            assert client.post("/feedback", json={**thumb, "verdict": "up"}).status_code == 200
        assert 'recsys_acceptance_by_source{source="fallback"} 1.0' in client.get("/metrics").text

        settings = ["recommender=item_knn", f"dataset.feedback={feedback}", "dataset.feedback_weight=3",
                    "dataset.feedback_max_share=1"]  # fmt: skip
        assert register(Registry("loop"), write_run(tmp_path / "second", *settings), gate=LOOSE) == "2"
        told = report(feedback, 3, "models:/loop@challenger", "models:/loop@champion", k=4)
        assert re.search(r"hit@4 +1\.0000 +0\.0000 +\+1\.0000", told)
        assert "was fitted on feedback, which may include 8 of these thumbs" in told
        assert promote(Registry("loop"), gate=LOOSE).accepted
        reloader.poll()
        after = client.post("/recommend", json={"items": [0], "k": 4}).json()
    assert (before["model_version"], after["model_version"]) == ("1", "2")
    assert 12 in {one["item_id"] for one in after["recommendations"]}
