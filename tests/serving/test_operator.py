"""What an operator sees, and who may see it."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from recsys.errors import DataError
from recsys.policies import Policies
from recsys.serving.operator import in_words
from recsys.serving.policies_reloader import PoliciesReloader
from recsys.serving.reloader import ModelReloader
from recsys.serving.route_times import RouteTimes, quantile
from recsys.serving.schemas import OperatorState
from recsys.serving.version_history import VersionHistory
from tests.serving.conftest import Shelf, thumb

TOKEN = {"authorization": "Bearer secret"}


def state_of(client):
    answer = client.get("/operator/state", headers=TOKEN)
    assert answer.status_code == 200, answer.text
    TypeAdapter(OperatorState).validate_python(answer.json())
    return answer.json()


def test_a_token_is_needed_at_the_service_and_of_the_client(serve):
    answer = serve().get("/operator/state", headers=TOKEN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_token")
    assert "Set RECSYS_FEEDBACK_TOKEN, and start the service again." in answer.json()["error"]["message"]
    client = serve(feedback_token="secret")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
        answer = client.get("/operator/state", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_needed")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert state_of(client)["version"] == "1"
    assert "secret" not in client.get("/operator").text  # the page holds nothing
    operation = client.get("/openapi.json").json()["paths"]["/operator/state"]["get"]
    assert operation["security"]
    assert {"200", "401", "403"} <= operation["responses"].keys()


def test_what_it_tells(serve, reloader, shelf, monkeypatch):
    client = serve(feedback_token="secret")
    for verdict, row in (("up", 0), ("up", 1), ("down", 2)):
        assert client.post("/feedback", json=thumb(client, row, verdict=verdict), headers=TOKEN).is_success
    client.get("/nothing")
    shelf.bundles["3"] = DataError("damaged postgresql://user:pass@host/db")
    shelf.on_top = "3"
    reloader.poll()
    monkeypatch.setattr(reloader.version_history, "_next", 0.0)  # a minute has passed
    reloader.version_history.poll(reloader.current)
    state = state_of(client)
    assert (state["version"], state["swaps"], state["failures"]) == ("1", 0, 1)
    assert "damaged" in state["last_failure"]["message"]
    assert "pass" not in state["last_failure"]["message"]
    assert state["acceptance"] == [{"version": "1", "up": 2, "total": 3, "rate": 2 / 3}]
    assert [(one["version"], one["aliases"]) for one in state["versions"]] == [
        ("1", []), ("2", []), ("3", ["champion"]),
    ]  # fmt: skip
    assert state["policies"] is None
    routes = {one["route"]: one for one in state["routes"]}
    assert routes["/recommend"]["n_requests"] == routes["/feedback"]["n_requests"] == 3
    assert routes["other"]["n_refused"] == 1
    assert all(one["p50"] <= one["p95"] <= one["p99"] for one in state["routes"])


def test_before_the_first_model_and_without_the_database(serve, monkeypatch):
    client = serve(load=False, feedback_token="secret")

    def broken(*_):
        raise DataError("it is away")

    monkeypatch.setattr("recsys.feedback.FeedbackStore.acceptance", broken)
    state = state_of(client)
    assert (state["version"], state["loaded"], state["acceptance"]) == (None, None, None)


def test_policies_in_force(bundles, tmp_path, serve, reloader):
    text = (
        "out_of_stock: [Heat, {category: War}]\n"
        "never_with: [{if: [Toy Story], never: [Film 40]}]\n"
        "always_with: [{if: [Toy Story], recommend: [Film 90], reason: Tonight.}]\n"
        "pinned: [{recommend: [Unseen]}]\n"
    )
    assert in_words(Policies.parse(text.encode())) == [
        "Out of stock: Heat, all of War",
        "Never with Toy Story: Film 40",
        "Always with Toy Story: Film 90 (Tonight.)",
        "Pinned: Unseen",
    ]
    file = tmp_path / "policies.yaml"
    file.write_text("pinned: [{recommend: [Unseen]}]\n")
    reloader.policies = PoliciesReloader(file)
    policies = state_of(serve(feedback_token="secret"))["policies"]
    assert (policies["file"], policies["rules"]) == (str(file), ["Pinned: Unseen"])
    assert "Unseen" in policies["not_in_model"][0]


def test_the_registry_is_asked_now_and_then(monkeypatch, caplog):
    shelf, now = Shelf(a=None), [1000.0]
    monkeypatch.setattr("recsys.serving.version_history.time.monotonic", lambda: now[0])
    history = VersionHistory(shelf)
    assert (history.versions, history.read) == ([], None)
    history.poll(None)
    assert [one.version for one in history.versions] == ["a"]
    shelf.bundles["b"] = None
    history.poll(None)
    assert len(history.versions) == 1
    now[0] += 61
    history.poll(None)
    assert [one.version for one in history.versions] == ["a", "b"]

    def broken():
        raise OSError("postgresql://user:pass@host/db is away")

    shelf.versions = broken
    now[0] += 61
    history.poll(None)
    assert len(history.versions) == 2  # as they were
    assert history.failure.startswith("OSError: ")
    assert "pass" not in history.failure + caplog.text
    del shelf.versions
    now[0] += 61
    history.poll(None)
    assert history.failure is None


def test_a_served_version_is_looked_up_at_once(shelf):
    reloader = ModelReloader(shelf)
    reloader.load()
    reloader.version_history.poll(reloader.current)
    shelf.on_top = "2"
    reloader.poll()
    reloader.version_history.poll(reloader.current)
    assert [one.aliases for one in reloader.version_history.versions] == [[], ["champion"]]


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, 0.0), (0.25, 0.005), (0.5, 0.01), (0.75, 0.07), (0.9, 0.1), (0.91, None), (1.0, None)],
)
def test_quantiles(share, expected):
    # 50 values to 0.01, none to 0.02, 40 to 0.1 and ten above: as histogram_quantile of Prometheus has them.
    below = [(0.01, 50), (0.02, 50), (0.1, 90), (float("inf"), 100)]
    assert quantile(below, share) == (None if expected is None else pytest.approx(expected))


def test_times_of_a_route():
    one = RouteTimes.of("/items", {"2": 90, "4": 8, "5": 2}, [(0.01, 99), (float("inf"), 100)])
    assert (one.n_requests, one.n_refused, one.n_failed) == (100, 8, 2)
    assert (one.p50, one.p99) == (pytest.approx(10 * 50 / 99), pytest.approx(10))
