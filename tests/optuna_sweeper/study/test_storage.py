"""Opening the storage of a study."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.storages import InMemoryStorage
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from optuna_sweeper.study import storage as _storage


def opened(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> list[str]:
    """Let a database answer with some errors before it can be opened; return what was asked for."""
    asked: list[str] = []
    answers = iter(errors)

    def get_storage(url: str) -> Any:
        asked.append(url)
        for error in answers:
            raise error
        return InMemoryStorage()

    monkeypatch.setattr(_storage, "get_storage", get_storage)
    _storage.make_storage("postgresql://host/study")
    return asked


def test_another_worker_makes_the_tables_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = (
        IntegrityError("CREATE TABLE", None, Exception("duplicate key value")),
        ProgrammingError("CREATE TABLE", None, Exception("relation alembic_version already exists")),
    )
    assert opened(monkeypatch, *errors) == ["postgresql://host/study"] * 3


def test_other_errors_come_through_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperationalError, match="refused"):
        opened(monkeypatch, OperationalError("SELECT 1", None, Exception("connection refused")))
