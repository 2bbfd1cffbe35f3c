from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf
from optuna.samplers import RandomSampler
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from optuna_sweeper.settings import Settings
from optuna_sweeper.study.storage import describe_storage, open_study

MINIMIZE, MAXIMIZE = "minimize", "maximize"


class Direction(Enum):
    maximize = 1


@pytest.mark.parametrize(
    ("value", "directions"),
    [
        ("minimize", [MINIMIZE]),
        (["maximize"], [MAXIMIZE]),
        (OmegaConf.create(["minimize", "maximize"]), [MINIMIZE, MAXIMIZE]),
        (Direction.maximize, [MAXIMIZE]),
    ],
)
def test_directions(value: Any, directions: list[str]) -> None:
    assert Settings(direction=value).directions == directions


@pytest.mark.parametrize("value", ["up", "Minimize", [], ["minimize", "up"], None])
def test_unknown_directions(value: Any) -> None:
    with pytest.raises(HydraException, match=r"hydra\.sweeper\.direction must be minimize or maximize"):
        Settings(direction=value).validate()


def test_a_study_is_continued(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    open_study(url, "one", [MINIMIZE], RandomSampler()).ask()
    assert len(open_study(url, "one", [MINIMIZE], RandomSampler()).trials) == 1


def test_a_study_keeps_its_directions(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    open_study(url, "one", [MINIMIZE], RandomSampler())
    with pytest.raises(
        HydraException, match=r"must be minimize, as in the study one .* Got 'maximize, minimize'"
    ):
        open_study(url, "one", [MAXIMIZE, MINIMIZE], RandomSampler())


def test_storage_as_target(tmp_path: Path) -> None:
    storage = OmegaConf.create(
        {
            "_target_": "optuna.storages.JournalStorage",
            "log_storage": {
                "_target_": "optuna.storages.journal.JournalFileBackend",
                "file_path": str(tmp_path / "journal.log"),
            },
        }
    )
    assert open_study(storage, "one", [MINIMIZE], RandomSampler()).study_name == "one"
    assert describe_storage(storage) == "optuna.storages.JournalStorage"


@pytest.mark.parametrize("storage", ["sqlite:////no/such/folder/study.db", "nonsense", "nosuchdb://host/db"])
def test_unreachable_storage(storage: str) -> None:
    with pytest.raises(HydraException, match=r"hydra\.sweeper\.storage cannot be used: ") as caught:
        open_study(storage, None, [MINIMIZE], RandomSampler())
    assert storage in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql+psycopg2://me:secret@localhost/db", "psycopg2-binary"),
        ("mysql://me:secret@localhost/db", "mysqlclient"),
        ("mysql+pymysql://me:secret@localhost/db", "pymysql"),
    ],
)
def test_a_database_without_its_driver(url: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("psycopg2", "MySQLdb", "pymysql"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HydraException, match=rf"cannot be used: .* Run: pip install {driver}$") as caught:
        open_study(url, "one", [MINIMIZE], RandomSampler())
    assert "secret" not in str(caught.value)


def test_a_database_whose_server_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any, **__: Any) -> Any:
        raise sqlite3.OperationalError("could not connect to server: Connection refused\nIs it running?")

    monkeypatch.setattr(sqlite3.dbapi2, "connect", connect)
    with pytest.raises(HydraException, match=r"Connection refused\. Repair it, or set another, ") as caught:
        open_study("sqlite:///study.db", "one", [MINIMIZE], RandomSampler())
    assert "\n" not in str(caught.value)


def test_what_the_database_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("FATAL: sorry, too many clients already"))

    monkeypatch.setattr(Session, "commit", commit)
    with pytest.raises(HydraException, match=r": sqlite://\. .*too many clients already.* Repair it"):
        open_study("sqlite://", "one", [MINIMIZE], RandomSampler())


@pytest.mark.parametrize("path", ["file/study.log", "folder"])
def test_a_journal_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(HydraException, match=rf"^hydra\.sweeper\.storage cannot be used: journal:{path}\. "):
        open_study(f"journal:{path}", "one", [MINIMIZE], RandomSampler())


def test_a_database_of_a_newer_optuna(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    open_study(f"sqlite:///{path}", "one", [MINIMIZE], RandomSampler())._storage.remove_session()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
        database.execute("UPDATE version_info SET library_version = '99.0.0'")
    before = path.read_bytes()
    with pytest.raises(HydraException, match=r"set up by optuna 99\.0\.0\).*pip install -U optuna"):
        open_study(f"sqlite:///{path}", "one", [MINIMIZE], RandomSampler())
    assert path.read_bytes() == before


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    with pytest.raises(HydraException, match="file is not a database"):
        open_study(f"sqlite:///{tmp_path}/notes.txt", "one", [MINIMIZE], RandomSampler())


def test_passwords_are_not_shown() -> None:
    assert describe_storage("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert describe_storage("sqlite:///study.db") == "sqlite:///study.db"
    assert describe_storage(None) == "memory"
