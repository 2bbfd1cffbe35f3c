"""The database of feedback: once, durable, and what it says where it cannot."""

import os
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from optuna_sweeper.safe_text import masked
from recsys.errors import DataError, DataNotFoundError, ParameterError
from recsys.feedback import (
    Feedback,
    FeedbackLimitError,
    FeedbackStore,
    database_url,
)

UP = Feedback("a", "ann", "3", True, ("1", "2"), "rule", ("1",), 1, "7", 1_700_000_000_000)

# A database to run these on, instead of one of a server made for them:
# RECSYS_TEST_POSTGRESQL=postgresql://user:password@host/database
POSTGRESQL = os.environ.get("RECSYS_TEST_POSTGRESQL")


@pytest.fixture(scope="module")
def database(request):
    return POSTGRESQL or request.getfixturevalue("postgresql")("feedback")


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        store = FeedbackStore.open(str(tmp_path / "new" / "feedback.db"))
    else:
        store = FeedbackStore.open(request.getfixturevalue("database"))
        with store.engine.begin() as connection:
            connection.execute(text("DELETE FROM thumbs"))
    yield store
    store.close()


def test_what_was_added_is_read(store):
    later = Feedback("b", "bob <b>", "4", False)
    assert store.state() == (0, 0)
    assert store.add(UP)
    assert store.add(later)
    assert store.read() == [UP, later]
    assert store.state()[0] == 2


def test_the_last_thumb_for_an_item_of_a_list_counts(store):
    assert store.add(replace(UP, item_id="9"))
    assert store.add(UP)
    before = store.state()
    down = replace(UP, user_id="bob", liked=False, created=UP.created + 5)
    assert not store.add(down)
    assert store.read() == [replace(UP, item_id="9"), down]
    assert (store.state()[0], store.state() != before) == (2, True)


def test_a_withdrawn_thumb_is_gone(store):
    store.add(UP)
    store.add(replace(UP, item_id="9"))
    before = store.state()
    assert not store.withdraw(UP.list_id, "8")
    assert not store.withdraw("b", UP.item_id)
    assert store.state() == before
    assert store.withdraw(UP.list_id, UP.item_id)
    assert not store.withdraw(UP.list_id, UP.item_id)
    assert store.read() == [replace(UP, item_id="9")]
    without = store.state()
    assert store.add(UP)  # new again
    assert len({before, without, store.state()}) == 3


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        ({"user": 2}, "user"),
        ({"item": 2}, "item"),
        ({"address": 2}, "address"),
    ],
)
def test_limits(store, limits, what):
    same = {"user": "user_id", "item": "item_id", "address": "client"}[what]
    thumbs = [
        replace(
            UP, **{"user_id": f"{n}", "item_id": f"{n}", "client": f"{n}", same: "same"},
            list_id=f"{n}", created=UP.created + n,
        )
        for n in range(3)
    ]  # fmt: skip
    assert store.add(thumbs[0], limits)
    assert store.add(thumbs[1], limits)
    with pytest.raises(FeedbackLimitError, match=f"One {what} takes at most 2 thumbs a day"):
        store.add(thumbs[2], limits)
    assert store.read() == thumbs[:2]
    assert not store.add(replace(thumbs[1], liked=False), limits)  # replacing one is no new one
    other = replace(thumbs[2], **{same: "other"})
    assert store.add(other, limits)
    tomorrow = replace(thumbs[2], list_id="later", created=UP.created + 1000 * 86_400 + 1)
    assert store.add(tomorrow, limits)


def test_thumbs_of_an_earlier_version_are_told_of(tmp_path, caplog):
    path = tmp_path / "feedback.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE feedback (id INTEGER PRIMARY KEY)")
    connection.close()
    store = FeedbackStore.open(str(path))
    assert store.read() == []
    store.close()
    assert "feedback: the table feedback of" in caplog.text
    assert "is not read: its thumbs refer to no signed list" in caplog.text


def test_acceptance(store):
    store.add(UP)
    store.add(replace(UP, list_id="b", liked=False))
    store.add(replace(UP, list_id="c", source="fallback", antecedents=()))
    store.add(replace(UP, list_id="d", source="", antecedents=("1", "2")))
    assert [(one.name, one.up, one.total, one.rate) for one in store.acceptance("source")] == [
        ("rule", 1, 2, 0.5),
        ("fallback", 1, 1, 1.0),
    ]
    assert [(one.name, one.up, one.total) for one in store.acceptance("rule")] == [
        ("1 -> 3", 1, 2),
        ("1 & 2 -> 3", 1, 1),
    ]
    assert len(store.acceptance("rule", limit=1)) == 1
    store.add(replace(UP, list_id="e", model_version="8", liked=False))
    assert [(one.name, one.up, one.total) for one in store.acceptance("model_version")] == [
        ("7", 3, 4),
        ("8", 0, 1),
    ]


def test_sqlite_waits_for_the_disk(tmp_path):
    store = FeedbackStore.open(str(tmp_path / "feedback.db"))
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    store.close()


def test_a_reader_makes_no_file(tmp_path):
    path = tmp_path / "feedback.db"
    with pytest.raises(DataNotFoundError, match=r"dataset\.feedback: there is no file .*make serve"):
        FeedbackStore.open(str(path), "dataset.feedback", make=False)
    assert not path.exists()
    sqlite3.connect(path).close()
    with pytest.raises(DataNotFoundError, match="holds no table thumbs"):
        FeedbackStore.open(str(path), make=False)


def test_no_database(tmp_path):
    path = tmp_path / "feedback.db"
    path.write_text("no database, but a text that is long enough to be taken for one" * 20)
    with pytest.raises(DataError, match=r"feedback: the database sqlite:.* file is not a database"):
        FeedbackStore.open(str(path))


@pytest.mark.parametrize("address", ["", "mysql://host/db", "postgresql://user:secret@host:port/db"])
def test_no_address(address):
    with pytest.raises(ParameterError, match="feedback must be the path of an SQLite file") as error:
        database_url(address)
    assert "secret" not in str(error.value)


def test_the_driver_of_postgresql():
    assert database_url("postgresql://user@host/db").drivername == "postgresql+psycopg"


def test_a_password_is_not_told():
    with pytest.raises(DataError, match=r"\*\*\*@127\.0\.0\.1") as error:
        FeedbackStore.open("postgresql://user:secret@127.0.0.1:1/db")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("asked", "seconds"), [("", "10"), ("?connect_timeout=3", "3")])
def test_a_server_that_does_not_answer_is_not_waited_for_long(monkeypatch, asked, seconds):
    def create(url, **_):
        raise SQLAlchemyError(url.query["connect_timeout"])

    monkeypatch.setattr("recsys.feedback.store.sa.create_engine", create)
    with pytest.raises(SQLAlchemyError, match=f"^{seconds}$"):
        FeedbackStore.open(f"postgresql://user@host/db{asked}")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:secret@host/db",
        "postgresql://user:sec@ret@host/db",
        "postgresql://user:sec/ret@host/db",
        "postgresql://host/db?user=me&password=secret",
        "postgresql://user:secret@${oc.env:HOST}/db",
    ],
)
def test_a_password_that_is_typed_is_found_and_hidden(address):
    assert masked(address) != address
    for part in ("secret", "sec", "ret@"):
        assert part not in masked(address)
    assert masked(address).startswith("postgresql://")


@pytest.mark.parametrize(
    "address",
    [
        "${oc.env:FEEDBACK}",
        "postgresql://user:${oc.env:PASSWORD}@host/db",
        "postgresql://${oc.env:USER}:${oc.env:PASSWORD}@host/db",
        "postgresql://user@host:5432/db",
        "sqlite:///feedback.db",
        "feedback.db",
    ],
)
def test_an_address_without_a_password_of_its_own(address):
    assert masked(address) == address


def test_files_are_their_owners_alone(tmp_path):
    store = FeedbackStore.open(str(tmp_path / "new" / "feedback.db"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO thumbs SELECT * FROM thumbs")  # -wal and -shm are there now
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    store.close()
    assert modes == dict.fromkeys(["feedback.db", "feedback.db-wal", "feedback.db-shm"], 0o600)


@pytest.mark.parametrize(
    "address",
    ["postgresql://host/db?sslpassword=secret", "postgresql://user:${oc.env:PASSWORD,secret}@host/db"],
)
def test_all_secrets_of_an_address_are_found(address):
    assert masked(address) != address
    assert "secret" not in masked(address)
