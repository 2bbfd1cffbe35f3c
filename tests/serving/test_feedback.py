"""Thumbs, as they come in."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from recsys.feedback import FeedbackStore
from recsys.serving.schemas import FeedbackResponse
from tests.serving.conftest import HTML

THUMB = {
    "request_id": "a-1",
    "user_id": "ann",
    "item_id": 20,
    "verdict": "up",
    "likes": [0, 10],
    "source": "rule",
    "antecedents": [10],
    "rank": 1,
    "model_version": "1",
}


def kept(client):
    return client.app.state.service.store.read()


def test_a_thumb_is_kept_once(client, tmp_path):
    first = client.post("/feedback", json=THUMB)
    FeedbackResponse.model_validate(first.json())
    assert first.json() == {"request_id": "a-1", "stored": "new"}
    assert client.post("/feedback", json=THUMB).json() == {"request_id": "a-1", "stored": "already"}
    store = FeedbackStore.open(str(tmp_path / "feedback.db"), make=False)
    (one,) = store.read()
    store.close()
    assert (one.user_id, one.item_id, one.liked, one.likes) == ("ann", "20", True, ("0", "10"))
    assert (one.source, one.rule, one.rank, one.model_version) == ("rule", "10 -> 20", 1, "1")
    assert one.created > 1_700_000_000_000


def test_another_thumb_under_the_same_id_is_refused(client):
    client.post("/feedback", json=THUMB)
    answer = client.post("/feedback", json={**THUMB, "verdict": "down"})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "request_id_used"
    assert [one.liked for one in kept(client)] == [True]


def test_little_is_needed(client):
    thumb = {"request_id": "b", "user_id": 7, "item_id": "5000", "verdict": "down"}
    assert client.post("/feedback", json=thumb).status_code == 200
    assert (kept(client)[0].user_id, kept(client)[0].item_id) == ("7", "5000")


def test_html_is_text(client):
    thumb = {**THUMB, "user_id": HTML, "model_version": HTML}
    assert client.post("/feedback", json=thumb).status_code == 200
    assert kept(client)[0].user_id == HTML


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_id": 7}, "item_id: no item has the id 7"),
        ({"item_id": HTML}, "item_id: no item has the id '<img"),
        ({"likes": [0, 7]}, "likes.1: no item has the id 7"),
        ({"likes": [0] * 1001}, "likes must be at most 1,000 entries (max_items)"),
        ({"antecedents": [7]}, "antecedents.0: no item has the id 7"),
        ({"verdict": "sideways"}, "verdict: Input should be 'up' or 'down'"),
        ({"verdict": True}, "verdict"),
        ({"request_id": "../x"}, "request_id: String should match pattern"),
        ({"request_id": "x" * 101}, "request_id"),
        ({"user_id": "a\0"}, "user_id"),
        ({"user_id": "\ud800"}, "user_id"),
        ({"rank": 0}, "rank"),
        ({"rank": 2**31}, "rank"),
        ({"source": "oracle"}, "source: Input should be 'rule', 'model' or 'fallback'"),
        ({"token": "x"}, "there is no field 'token'"),
    ],
)
def test_what_cannot_be(reader, change, message):
    # Python's json writes what UTF-8 cannot, as \\ud800.
    content, headers = json.dumps({**THUMB, **change}), {"content-type": "application/json"}
    answer = reader.post("/feedback", content=content, headers=headers)
    assert answer.status_code == 422
    assert message in answer.json()["error"]["message"]
    assert kept(reader) == []


def test_a_token(serve):
    client = serve(feedback_token="secret")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
        answer = client.post("/feedback", json=THUMB, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_needed")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert kept(client) == []
    assert client.post("/feedback", json=THUMB, headers={"authorization": "Bearer secret"}).status_code == 200
    assert client.post("/recommend", json={"items": []}).status_code == 200


def test_a_database_that_is_locked_keeps_no_recommendation_waiting(client, monkeypatch):
    locked, n_waiting = Event(), 50  # more than there are threads
    monkeypatch.setattr(client.app.state.service.store.__class__, "add", lambda *_: locked.wait(30))
    with ThreadPoolExecutor(n_waiting + 2) as people:
        thumbs = [people.submit(client.post, "/feedback", json=THUMB) for _ in range(n_waiting)]
        try:
            for _ in range(50):  # while the thumbs come in
                titles = people.submit(client.post, "/recommend", json={"titles": ["Heat (1995)"]})
                found = people.submit(client.get, "/items?search=toy")
                assert titles.result(timeout=10).status_code == 200
                assert found.result(timeout=10).status_code == 200
            assert not any(thumb.done() for thumb in thumbs)
        finally:
            locked.set()
    assert {thumb.result().status_code for thumb in thumbs} == {200}


def test_a_database_that_fails_is_no_fault_of_the_request(client, monkeypatch, tmp_path, caplog):
    service = client.app.state.service
    with service.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE feedback")
    answer = client.post("/feedback", json=THUMB)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "no such table" in caplog.text
    assert client.post("/recommend", json={"items": []}).status_code == 200
