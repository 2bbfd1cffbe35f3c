"""Thumbs, as they come in."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter

from recsys.errors import DataError, ParameterError
from recsys.feedback import FeedbackStore
from recsys.serving.schemas import FeedbackResponse
from recsys.serving.secret import read_secret
from recsys.serving.settings import Settings
from recsys.serving.signed_list import ListSigner
from tests.integration.cures import tries
from tests.serving.conftest import HTML, thumb


def kept(client):
    return client.app.state.service.store.read()


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_thumb_for_a_list_that_was_shown(client, tmp_path):
    shown = client.post("/recommend", json={"items": [0, 10], "k": 5, "explain": True}).json()
    item = shown["recommendations"][1]
    given = {
        "signed_list": shown["signed_list"],
        "user_id": "ann",
        "item_id": item["item_id"],
        "verdict": "up",
    }
    first = client.post("/feedback", json=given)
    TypeAdapter(FeedbackResponse).validate_python(first.json())
    assert first.json() == {"stored": "new"}
    store = FeedbackStore.open(str(tmp_path / "feedback.db"), make=False)
    (one,) = store.read()
    store.close()
    assert (one.user_id, one.item_id, one.liked) == ("ann", str(item["item_id"]), True)
    assert (one.likes, one.source, one.rank, one.model_version) == (("0", "10"), "rule", 2, "1")
    assert one.antecedents == tuple(str(like["item_id"]) for like in item["reasons"][0]["antecedents"])
    assert one.created > 1_700_000_000_000
    assert one.client
    assert "testclient" not in one.client


def test_the_same_item_of_the_same_list_is_replaced(client):
    given = thumb(client)
    client.post("/feedback", json=given)
    for changes in ({}, {"user_id": "bob"}, {"verdict": "down"}):
        assert client.post("/feedback", json=given | changes).json() == {"stored": "replaced"}
    assert [(one.user_id, one.liked) for one in kept(client)] == [("ann", False)]
    assert client.post("/feedback", json=thumb(client)).json() == {"stored": "new"}  # the list shown again


def test_a_thumb_is_withdrawn(client, monkeypatch):
    first, second = thumb(client), thumb(client, row=1)
    for given in (first, second):
        client.post("/feedback", json=given)
    withdrawal = first | {"verdict": "withdrawn"}
    for _ in range(2):  # the first answer may get lost
        assert client.post("/feedback", json=withdrawal).json() == {"stored": "withdrawn"}
    assert [one.item_id for one in kept(client)] == [str(second["item_id"])]
    assert client.post("/feedback", json=first).json() == {"stored": "new"}
    # A list that takes no thumbs any more gives them back.
    now = time.time()
    monkeypatch.setattr("recsys.serving.signed_list.time.time", lambda: now + 10_000_000)
    assert code(client.post("/feedback", json=first)) == (422, "list_expired")
    assert client.post("/feedback", json=withdrawal).json() == {"stored": "withdrawn"}
    assert code(client.post("/feedback", json=withdrawal | {"signed_list": "A.A"})) == (422, "unknown_list")
    assert code(client.post("/feedback", json=withdrawal | {"item_id": 5000})) == (422, "not_in_list")
    assert [one.item_id for one in kept(client)] == [str(second["item_id"])]


def test_lists_of_a_batch_and_lists_without_reasons(client):
    users = {"users": [{"items": [0]}, {"titles": ["Heat (1995)"]}], "k": 3}
    for result in client.post("/recommend/batch", json=users).json()["results"]:
        item = result["recommendations"][0]["item_id"]
        given = {"signed_list": result["signed_list"], "user_id": 7, "item_id": str(item), "verdict": "down"}
        assert client.post("/feedback", json=given).json() == {"stored": "new"}
    assert [(one.user_id, one.likes, one.rule) for one in kept(client)] == [
        ("7", ("0",), ""),
        ("7", ("20",), ""),
    ]


def test_an_item_that_was_not_shown(client):
    given = thumb(client, item_id=5000)
    answer = client.post("/feedback", json=given)
    assert code(answer) == (422, "not_in_list")
    assert answer.json()["error"]["details"][0]["where"] == "item_id"
    assert kept(client) == []


def test_a_list_that_was_not_signed_here(client, serve, tmp_path):
    given = thumb(client)
    payload, _, signature = given["signed_list"].partition(".")
    rows = urlsafe_b64decode(payload).replace(b'"rule"', b'"fallback"')
    forged = urlsafe_b64encode(rows).decode()
    other = ListSigner(b"another secret", 60).sign("1", [], [])
    for text in (f"{forged}.{signature}", f"{payload}.{signature[::-1]}", other, "A.A"):
        answer = client.post("/feedback", json=given | {"signed_list": text})
        assert code(answer) == (422, "unknown_list")
    assert kept(client) == []


def test_a_list_expires(serve, monkeypatch):
    client = serve(list_seconds=3600)
    now = [1_800_000_000.0]
    monkeypatch.setattr("recsys.serving.signed_list.time", SimpleNamespace(time=lambda: now[0]))
    given = thumb(client)
    now[0] += 3600
    assert client.post("/feedback", json=given).status_code == 200
    now[0] += 1
    answer = client.post("/feedback", json=given)
    assert code(answer) == (422, "list_expired")
    message = "took feedback for 3,600 seconds (list_seconds): ask for a new one"
    assert message in answer.json()["error"]["message"]


def test_a_list_of_another_process_and_of_an_earlier_model(serve, reloader, shelf):
    given = thumb(serve())
    shelf.on_top = "2"
    reloader.poll()
    assert serve().post("/feedback", json=given).json() == {"stored": "new"}


def test_the_secret_is_made_once_for_its_owner_alone(client, serve, tmp_path):
    path = tmp_path / "feedback.db.secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(secret := path.read_text().strip()) == 64
    serve()
    assert path.read_text().strip() == secret
    assert [one.name for one in tmp_path.glob("*.secret*")] == [path.name]


def test_secrets_that_cannot_be(serve, tmp_path):
    (tmp_path / "feedback.db.secret").write_text("short")
    with pytest.raises(DataError, match=r"feedback: .*feedback\.db\.secret holds no secret of at least 32"):
        serve()
    server = SimpleNamespace(file=None)
    with pytest.raises(
        ParameterError, match=r"RECSYS_FEEDBACK_SECRET must be set where .*openssl rand -hex 32"
    ):
        read_secret(Settings(), server)
    assert read_secret(Settings(feedback_secret="s" * 32), server) == b"s" * 32


@tries("recsys/serving/secret.py", "openssl rand")
@tries("recsys/serving/settings.py", "openssl rand")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the advice needs openssl")
def test_a_secret_is_made_as_advised():
    server = SimpleNamespace(file=None)
    for refused in (lambda: read_secret(Settings(), server), lambda: Settings(feedback_secret="short")):
        with pytest.raises(ParameterError) as caught:
            refused()
        command = str(caught.value).rpartition(": ")[2].split()
        secret = subprocess.check_output(command, text=True).strip()
        assert read_secret(Settings(feedback_secret=secret), server) == secret.encode()


@pytest.mark.parametrize("what", ["user", "item", "address"])
def test_limits(serve, what):
    client = serve(**{f"max_thumbs_per_{what}": 2})
    for number in range(3):
        answer = client.post("/feedback", json=thumb(client, user_id=f"u{number if what != 'user' else 0}"))
        assert answer.status_code == (200 if number < 2 else 429)
    assert code(answer) == (429, "too_many_thumbs")
    assert answer.headers["retry-after"] == "3600"
    assert answer.json()["error"]["message"] == (
        f"One {what} takes at most 2 thumbs a day. (max_thumbs_per_{what}) Try again tomorrow."
    )
    assert len(kept(client)) == 2


def test_the_address_behind_a_proxy(serve):
    """Only a proxy that is trusted says who the client is; an IPv6 network counts as one client."""

    def names(client, *forwarded):
        for one in forwarded:
            client.post("/feedback", json=thumb(client), headers={"x-forwarded-for": one})
        return [one.client for one in kept(client)[-len(forwarded) :]]

    open_one = serve()
    assert len(set(names(open_one, "192.0.2.1", "192.0.2.2"))) == 1
    behind = serve(trusted_proxies=("127.0.0.0/8",))
    behind.__dict__["_transport"].client = ("127.0.0.1", 5000)
    one, two, spoofed = names(behind, "192.0.2.1", "192.0.2.2", "203.0.113.9, 192.0.2.1")
    assert one != two
    assert spoofed == one
    assert len(set(names(behind, "2001:db8::1", "2001:db8::2"))) == 1


def test_a_program_with_the_token_sends_for_many(serve):
    client = serve(feedback_token="secret", max_thumbs_per_address=1)
    for number in range(3):
        given = thumb(client, user_id=f"u{number}")
        answer = client.post("/feedback", json=given, headers={"authorization": "Bearer secret"})
        assert answer.status_code == 200


def test_html_is_text(client):
    assert client.post("/feedback", json=thumb(client, user_id=HTML)).status_code == 200
    assert kept(client)[0].user_id == HTML


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_id": HTML}, "item_id: '<img"),
        ({"verdict": "sideways"}, "verdict: Input should be 'up', 'down' or 'withdrawn'"),
        ({"verdict": True}, "verdict"),
        ({"signed_list": "../x"}, "signed_list: String should match pattern"),
        ({"signed_list": "\u0663.A"}, "signed_list: String should match pattern"),
        ({"signed_list": None}, "signed_list"),
        ({"user_id": "a\0"}, "user_id"),
        ({"user_id": "\ud800"}, "user_id"),
        ({"likes": [0]}, "there is no field 'likes'"),
        ({"token": "x"}, "there is no field 'token'"),
    ],
)
def test_what_cannot_be(reader, change, message):
    # Python's json writes what UTF-8 cannot, as \\ud800.
    content, headers = json.dumps(thumb(reader) | change), {"content-type": "application/json"}
    answer = reader.post("/feedback", content=content, headers=headers)
    assert answer.status_code == 422
    assert message in answer.json()["error"]["message"]
    assert kept(reader) == []


def test_a_token(serve):
    client = serve(feedback_token="secret")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
        answer = client.post("/feedback", json=thumb(client), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_needed")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert kept(client) == []
    assert (
        client.post("/feedback", json=thumb(client), headers={"authorization": "Bearer secret"}).status_code
        == 200
    )
    assert client.post("/recommend", json={"items": []}).status_code == 200


def test_a_database_that_is_locked_keeps_no_recommendation_waiting(client, monkeypatch):
    locked, n_waiting = Event(), 50  # more than there are threads
    monkeypatch.setattr(client.app.state.service.store.__class__, "add", lambda *_: locked.wait(300))
    with ThreadPoolExecutor(n_waiting + 2) as people:
        given = thumb(client)
        thumbs = [people.submit(client.post, "/feedback", json=given) for _ in range(n_waiting)]
        try:
            for _ in range(50):  # while the thumbs come in
                titles = people.submit(client.post, "/recommend", json={"titles": ["Heat (1995)"]})
                found = people.submit(client.get, "/items?search=toy")
                assert titles.result(timeout=60).status_code == 200
                assert found.result(timeout=60).status_code == 200
            assert not any(thumb.done() for thumb in thumbs)
        finally:
            locked.set()
    assert {thumb.result().status_code for thumb in thumbs} == {200}


def test_a_database_that_fails_is_no_fault_of_the_request(client, monkeypatch, tmp_path, caplog):
    service = client.app.state.service
    with service.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE thumbs")
    answer = client.post("/feedback", json=thumb(client))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert "no such table" in caplog.text
    assert client.post("/recommend", json={"items": []}).status_code == 200
