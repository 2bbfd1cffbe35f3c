"""The storage of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, _CachedStorage, get_storage

from optuna_sweeper.instantiate import instantiate
from optuna_sweeper.safe_text import masked

_JOURNAL, _SQLITE = "journal:", "sqlite:///"
_TRIES = 3  # another worker may be first in three steps


def make_storage(storage: Any, folder: Path | None = None, timeout: float = 0.0) -> BaseStorage:
    """Open the storage ``hydra.sweeper.storage``, and create it if it does not exist.

    It is null for memory, ``journal:<path>`` for a journal file, the URL of a database, or a ``_target_``.
    Relative paths are made absolute (base `folder`, by default the working directory), since jobs may change
    into folders of their own. A database whose server goes away later is retried for `timeout` seconds.
    """
    if isinstance(storage, DictConfig):
        storage = instantiate(storage, "optuna.storages")
    path = storage_file(storage, folder)
    if path is None:
        return _with_retries(_open(storage), timeout)
    if storage.startswith(_JOURNAL):
        from optuna_sweeper.study.journal import JournalFile

        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFile(str(path)))
    return _open(f"{_SQLITE}{path}")


def _open(storage: Any) -> BaseStorage:
    """Open a storage; retry if another worker creates the tables of a new database at the same time."""
    if not isinstance(storage, str):
        return get_storage(storage)
    from sqlalchemy.exc import DBAPIError, IntegrityError  # half a second, which a journal does not need

    for _ in range(_TRIES):
        try:
            return get_storage(storage)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
    return get_storage(storage)


def _with_retries(storage: BaseStorage, timeout: float) -> BaseStorage:
    """Return a storage with retries if its database is a server, not a file."""
    if not isinstance(storage, _CachedStorage) or storage._backend.engine.name == "sqlite" or not timeout:
        return storage
    from optuna_sweeper.study.retrying_storage import RetryingStorage

    return RetryingStorage(storage._backend, timeout)


def storage_file(storage: Any, folder: Path | None = None) -> Path | None:
    """Return the path of a storage that is a file, otherwise None; see `make_storage`."""
    if not isinstance(storage, str):
        return None
    for scheme in (_JOURNAL, _SQLITE):
        name = storage.removeprefix(scheme)
        if storage.startswith(scheme) and not name.startswith((":memory:", "file:")):
            return (folder or Path.cwd()) / name if name else None
    return None


def outlives_process(storage: BaseStorage) -> bool:
    """Whether other processes, now or later, can open the study."""
    return not isinstance(storage, InMemoryStorage)


def describe_storage(storage: Any) -> str:
    """Return a description of the storage for log lines: a URL without its secrets."""
    if storage is None:
        return "memory"
    if isinstance(storage, DictConfig):
        return str(storage.get("_target_"))
    if isinstance(storage, BaseStorage):
        return type(storage).__name__
    return masked(str(storage))
