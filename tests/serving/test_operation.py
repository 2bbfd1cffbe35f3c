"""Which model answers, how it is swapped, and what the service tells of itself."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest
from pydantic import TypeAdapter

from recsys.errors import DataError
from recsys.models.self_check import SelfCheckError, self_check
from recsys.serving.reloader import ModelReloader
from recsys.serving.schemas import ModelResponse
from recsys.serving.source import FolderSource
from tests.serving.conftest import thumb


def test_another_version_comes_into_service(client, reloader, shelf):
    before = client.post("/recommend", json={"items": [0]}).json()
    reloader.poll()
    assert reloader.swaps == 0
    shelf.on_top = "2"
    search = reloader.current.search
    reloader.poll()
    after = client.post("/recommend", json={"items": [0]}).json()
    assert (before["model_version"], after["model_version"]) == ("1", "2")
    assert before["recommendations"] != after["recommendations"]
    assert reloader.current.search is search  # the titles are the same
    assert reloader.swaps == 1


class Broken:
    """A model that answers wrongly."""

    def __init__(self, model, change):
        self._model, self._change = model, change

    def __getattr__(self, name):
        return getattr(self._model, name)

    def recommend(self, *arguments):
        lists = self._model.recommend(*arguments)
        self._change(lists)
        return lists


def not_finite(lists):
    lists.scores[:] = np.nan


def twice(lists):
    lists.item_indices[:, 1] = lists.item_indices[:, 0]


def nothing(lists):
    lists.sources[:] = lists.item_indices[:] = -1


def unknown(lists):
    lists.item_indices[:] = -1


def at_random(lists):
    lists.item_indices[:] = np.random.default_rng(3).integers(12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (not_finite, "a value that JSON cannot hold"),
        (twice, "an item twice"),
        (nothing, "0 recommendations where there are"),
        (at_random, "an item twice"),
        (unknown, "an item twice"),
    ],
)
def test_a_model_that_answers_wrongly_is_never_served(client, reloader, shelf, bundles, change, message):
    good = bundles["1"]
    shelf.bundles["3"] = dataclasses.replace(good, model=Broken(good.model, change))
    with pytest.raises(SelfCheckError, match=message):
        self_check(shelf.bundles["3"], "3")
    shelf.on_top = "3"
    reloader.poll()
    told = client.get("/model").json()
    assert told["version"] == "1"
    assert told["last_failure"]["version"] == "3"
    assert message in told["last_failure"]["message"]
    assert client.post("/recommend", json={"items": [0]}).json()["model_version"] == "1"


def test_a_model_that_cannot_be_loaded(client, reloader, shelf, caplog):
    shelf.bundles["3"] = DataError("damaged postgresql://user:secret@host/db")
    shelf.on_top = "3"
    reloader.poll()
    reloader.poll()  # not tried again at once
    assert reloader.failures == 1
    assert "Version 3 is not served, 1 is: damaged" in caplog.text
    assert "secret" not in caplog.text + client.get("/model").text
    shelf.on_top = "2"
    reloader.poll()
    assert client.get("/model").json()["version"] == "2"
    assert client.get("/model").json()["last_failure"]["version"] == "3"


def test_whatever_a_model_raises_the_service_stays(client, reloader, shelf):
    shelf.bundles["3"] = MemoryError("too large")
    shelf.on_top = "3"
    reloader.poll()
    assert reloader.last_failure.message == "MemoryError: too large"
    assert client.get("/health/ready").status_code == 200


def test_a_version_that_failed_is_tried_again_later(shelf, bundles):
    reloader = ModelReloader(shelf, retry_seconds=1e-9)
    shelf.bundles["1"] = DataError("not yet")
    reloader.poll()
    assert reloader.current is None
    shelf.bundles["1"] = bundles["1"]
    reloader.poll()
    assert reloader.current.version == "1"
    assert reloader.swaps == 0


def test_the_thread_follows(shelf):
    reloader = ModelReloader(shelf, poll_seconds=0.001)
    reloader.load()
    reloader.start()
    shelf.on_top = "2"
    while reloader.current.version != "2":
        assert reloader.failures == 0
    reloader.stop()
    assert not reloader._thread.is_alive()


def test_not_ready_without_a_model(serve, reloader, shelf):
    client = serve(load=False)
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").status_code == 503
    answer = client.post("/recommend", json={"items": []})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_model")
    assert client.get("/metrics").status_code == 200
    assert "is being loaded" in client.get("/model").json()["error"]["message"]
    shelf.bundles["1"] = DataError("damaged postgresql://user:secret@host/db")
    reloader.poll()
    told = client.get("/model").json()["error"]["message"]
    assert told == "No model is served yet. damaged postgresql://user:***@host/db"
    shelf.on_top = "2"
    reloader.poll()
    assert client.get("/health/ready").json() == {"status": "ok"}


def test_the_model_is_told(serve):
    told = serve(max_k=7, model="models:/recsys@champion").get("/model").json()
    TypeAdapter(ModelResponse).validate_python(told)
    assert told["metadata"] == {"recommender": "rules"}
    assert told["limits"]["max_k"] == 7
    assert told["last_failure"] is None


def test_no_password_is_told(serve, shelf, bundles):
    config = {
        "dataset": {"feedback": "postgresql://user:secret@host/db", "others": ["http://me:secret@here"]}
    }
    shelf.bundles["1"] = dataclasses.replace(bundles["1"], metadata={"config": config})
    answer = serve().get("/model")
    assert answer.json()["metadata"]["config"]["dataset"]["feedback"] == "postgresql://user:***@host/db"
    assert "secret" not in answer.text


def test_a_folder_and_a_link(tmp_path, bundles):
    for version, bundle in bundles.items():
        bundle.save(tmp_path / f"v{version}")
    link = tmp_path / "champion"
    link.symlink_to("v1")
    source = FolderSource(link)
    assert source.version().startswith("v1@")
    assert source.load(source.version()).metadata == {"recommender": "rules"}
    (tmp_path / "new").symlink_to("v2")
    (tmp_path / "new").rename(link)
    assert source.version().startswith("v2@")
    assert source.load(source.version()).metadata == {"recommender": "popularity"}


def test_browsers_find_an_icon_where_a_document_names_none(client):
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_metrics(client):
    client.post("/recommend", json={"items": [0, 10], "k": 5})
    client.post("/recommend", json={"items": [7]})
    client.get("/items/0/similar")
    client.get("/some/path")
    client.post("/feedback", json=thumb(client))
    client.post("/feedback", json=thumb(client, verdict="down"))
    client.post("/feedback", json=thumb(client, likes=(), verdict="down"))
    text = client.get("/metrics").text
    for line in (
        'recsys_requests_total{method="POST",route="/recommend",status="200"} 4.0',
        'recsys_requests_total{method="POST",route="/recommend",status="422"} 1.0',
        'recsys_requests_total{method="GET",route="/items/{item_id}/similar",status="200"} 1.0',
        'recsys_requests_total{method="GET",route="other",status="404"} 1.0',
        'recsys_request_seconds_count{route="/recommend"} 5.0',
        'recsys_recommendations_total{source="rule"}',
        'recsys_model_info{version="1"} 1.0',
        "recsys_model_swaps_total 0.0",
        "recsys_model_failures_total 0.0",
        'recsys_acceptance_by_source{source="rule"} 0.5',
        'recsys_acceptance_by_source{source="fallback"} 0.0',
        'recsys_feedback_by_source_total{source="rule",verdict="up"} 1.0',
        "recsys_acceptance_by_rule{rule=",
    ):
        assert line in text
    assert "some/path" not in text


def test_metrics_while_the_database_of_feedback_fails(client, caplog):
    client.post("/recommend", json={"items": [0]})
    assert "recsys_feedback_up 1.0" in client.get("/metrics").text
    with client.app.state.service.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE thumbs")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "recsys_feedback_up 0.0" in answer.text
    assert 'recsys_requests_total{method="POST",route="/recommend",status="200"} 1.0' in answer.text
    assert "recsys_feedback_by_source" not in answer.text
    assert "no such table" in caplog.text


def test_the_schema_has_examples(client):
    schema = client.get("/openapi.json").json()
    assert {"/recommend", "/recommend/batch", "/items", "/items/{item_id}/similar", "/feedback", "/model",
            "/health/live", "/health/ready", "/metrics", "/operator/state",
            "/explorer/summary", "/explorer/rules", "/explorer/rules/{rule_id}", "/explorer/points",
            "/explorer/items", "/explorer/export"} == set(schema["paths"])  # fmt: skip
    for name in ("RecommendRequest", "BatchRequest", "FeedbackRequest"):
        assert schema["components"]["schemas"][name]["examples"]


def test_the_schema_speaks_of_the_data(serve, reloader):
    """Its words and examples are those of the served model; without one it has the general words."""
    client = serve(load=False)
    text = client.get("/openapi.json").text
    assert "Number of users who liked it." in text
    assert "Find items by title" in text
    reloader.load()
    schema = client.get("/openapi.json").json()
    assert schema["paths"]["/items"]["get"]["summary"].startswith("Find films by title")
    assert "{" not in "".join(_descriptions(schema))
    for example in schema["components"]["schemas"]["RecommendRequest"]["examples"]:
        assert client.post("/recommend", json=example).status_code == 200
    nouns = {"item": "film", "items": "films", "category": "genre", "categories": "genres", "verb": "liked"}
    assert client.get("/model").json()["nouns"] == nouns


def _descriptions(part):
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _descriptions(one)
    if isinstance(part, dict) and isinstance(part.get("description"), str):
        yield part["description"]


def test_a_failure_is_told_once_until_it_is_over_and_then_anew(reloader, shelf, monkeypatch, caplog):
    reloader.load()

    def locked():
        raise DataError("database is locked")

    for _ in range(2):
        with monkeypatch.context() as patched:
            patched.setattr(shelf, "version", locked)
            reloader.poll()
            reloader.poll()
        reloader.poll()
    assert caplog.text.count("database is locked") == 2
    assert reloader.failures == 4


def test_the_log_of_the_reloader(client, reloader, shelf, caplog):
    caplog.set_level(logging.INFO)
    shelf.on_top = "2"
    reloader.poll()
    assert "Serving version 2 after 1." in caplog.text
