"""`recsys explore`: all rules of a run, or those that a model recommends with."""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from fastapi.testclient import TestClient

from recsys.cli.explore import main, make_app
from recsys.models.training import load_or_fit
from recsys.rules import Rules
from tests import programs
from tests.integration.cures import RATED, tries, write_files

# Rules of less than chance, too: there are no others in these data.
KEPT = ("output.max_rules=5", "apriori.min_threshold=0")


@pytest.fixture
def run(call, tmp_path):
    """Run an experiment that keeps five of its rules; return its folder."""

    def run(*overrides):
        write_files(tmp_path)
        done = call(*shlex.split(RATED), *KEPT, "hydra.run.dir=first", *overrides)
        assert done.code == 0, done.stderr
        return tmp_path / "first"

    return run


def client_of(folder):
    app, text = make_app(str(folder))
    return TestClient(app, base_url="http://localhost"), text


def test_all_rules_of_a_run_and_recommendations_of_its_model(run):
    folder = run("evaluation=random", "evaluation.replicates=2")
    last = json.loads((folder / "folds.json").read_text())["folds"][-1]
    assert len(Rules.from_parquet(folder / "rules.parquet")) == 5
    client, text = client_of(folder)
    assert text == f"{last['n_rules']:,.0f} rules of {folder} (ratings)."
    summary = client.get("/explorer/summary").json()
    assert summary["n_rules"] == last["n_rules"] > 5
    found = client.get("/explorer/rules?limit=1000").json()
    kept = json.loads(Rules.from_parquet(folder / "rules.parquet").to_frame().to_json(orient="records"))
    best = client.get("/explorer/rules?limit=5").json()["rules"]
    assert [rule["measures"]["lift"] for rule in best] == pytest.approx([rule["lift"] for rule in kept])
    assert len(found["rules"]) == last["n_rules"]

    assert client.post("/recommend", json={"items": []}).status_code == 503
    client.app.state.service.reloader.poll()  # as its thread does when the page is there
    answer = client.post("/recommend", json={"items": ["i1"]}).json()
    assert answer["recommendations"]
    about = client.get("/model").json()
    assert (about["accepts_feedback"], about["has_explorer"]) == (False, True)
    thumb = {
        "signed_list": answer["signed_list"],
        "user_id": "ann",
        "item_id": answer["recommendations"][0]["item_id"],
        "verdict": "up",
    }
    refused = client.post("/feedback", json=thumb)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_feedback")
    assert "recsys_feedback" not in client.get("/metrics").text


def test_the_rules_of_a_bundle(run, tmp_path):
    bundle = load_or_fit(str(run()))
    bundle.save(tmp_path / "bundle")
    client, text = client_of(tmp_path / "bundle")
    n_rules = client.get("/explorer/summary").json()["n_rules"]
    assert text == f"{n_rules:,} rules that {tmp_path / 'bundle'} recommends with."
    assert client.get("/explorer/rules?sort=weight").json()["n_found"] == n_rules


def test_a_bundle_without_rules(run, tmp_path, capfd):
    load_or_fit(str(run("recommender=ease"))).save(tmp_path / "bundle")
    assert main([str(tmp_path / "bundle"), "--port", "0"]) == 1
    assert "bundle recommends without rules (EASERecommender). Give the folder" in capfd.readouterr().err
    assert make_app(str(tmp_path / "first"))[1].endswith(f" rules of {tmp_path / 'first'} (ratings).")


@tries("recsys/runs/all_rules.py", "the data have changed")
@tries("recsys/runs/all_rules.py", "the run found")
@tries("recsys/runs/all_rules.py", "the run is not complete")
def test_a_run_that_cannot_be_repeated_is_refused_with_both_numbers(run, call, tmp_path, capfd):
    folder = run()
    metrics = json.loads((folder / "metrics.json").read_text())
    n_rules = metrics["n_rules"]
    (folder / "metrics.json").write_text(json.dumps(metrics | {"n_rules": n_rules + 1}))
    assert main([str(folder), "--port", "0"]) == 1
    printed = capfd.readouterr().err
    expected = f"the run found {n_rules + 1:,.0f} rules, and its configuration now gives {n_rules:,.0f}."
    assert expected in printed
    with (tmp_path / "ratings.csv").open("a") as file:
        file.write("77,i1,5,3\n77,i2,5,4\n")
    assert main([str(folder), "--port", "0"]) == 1
    printed = capfd.readouterr().err
    assert "the data have changed since the run. It read 56 ratings" in printed
    assert "now they are 58" in printed

    command = shlex.split(printed.rpartition("Run it again: ")[2])
    assert command[:3] == ["python", "-m", "recsys"]
    assert call(*command[3:], "hydra.run.dir=second").code == 0
    assert make_app("second")[1].endswith(" rules of second (ratings).")


def test_a_run_that_is_not_complete_and_a_wrong_port_are_refused(run, capfd):
    folder = run()
    (folder / "metrics.json").unlink()
    assert main([str(folder), "--port", "0"]) == 1
    assert "the run is not complete. Run it again: python -m recsys dataset=csv" in capfd.readouterr().err
    assert main([str(folder / "none"), "--port", "0"]) == 1
    assert "neither a run nor a sweep" in capfd.readouterr().err
    assert main([str(folder), "--port", "70000"]) == 1
    assert "--port must be 0 to 65535. Got 70000." in capfd.readouterr().err


def test_the_address_is_printed_and_ctrl_c_ends_it(run, capfd):
    folder = run()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert main([str(folder), "--port", str(taken)]) == 1
    assert capfd.readouterr().err.startswith(f"--port {taken}: Address already in use. ")
    command = [sys.executable, "-m", "recsys", "explore", str(folder), "--port", "0"]
    with programs.Popen(command, cwd=folder.parent, stdout=subprocess.PIPE, text=True) as program:
        try:
            n_rules = int(program.stdout.readline().split()[0])
            address = program.stdout.readline().split()[0]
            with urlopen(f"{address}/rules") as answer:
                assert json.load(answer)["n_found"] == n_rules > 5
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=30) == 0
        finally:
            program.kill()
