"""Where the study is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, _CachedStorage, get_storage

from optuna_sweeper.instantiate import instantiate
from optuna_sweeper.safe_text import masked

_JOURNAL, _SQLITE = "journal:", "sqlite:///"
_TRIES = 3  # there are three steps at which another worker may be first


def make_storage(storage: Any, folder: Path | None = None, patience: float = 0.0) -> BaseStorage:
    """Make the storage that the config names.

    Parameters
    ----------
    storage : str, DictConfig, BaseStorage or None
        ``hydra.sweeper.storage``: null for memory, ``journal:<path>`` for a journal file, the URL of a
        database, or a ``_target_``.
    folder : Path, optional
        What relative paths are relative to; the working directory when not given. Jobs may change into
        folders of their own, so that no relative path is handed on.
    patience : float, optional
        ``hydra.sweeper.storage_timeout``: seconds that the server of a database may be away once it has
        answered; while it is opened it is not waited for, for its address may be wrong.
    """
    if isinstance(storage, DictConfig):
        storage = instantiate(storage, "optuna.storages")
    path = storage_file(storage, folder)
    if path is None:
        return _waiting(_open(storage), patience)
    if storage.startswith(_JOURNAL):
        from optuna_sweeper.study.journal import JournalFile

        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFile(str(path)))
    return _open(f"{_SQLITE}{path}")


def _open(storage: Any) -> BaseStorage:
    """Open a storage; of workers that are the first on a new database, one makes its tables."""
    if not isinstance(storage, str):
        return get_storage(storage)
    from sqlalchemy.exc import DBAPIError, IntegrityError  # half a second, which no journal needs

    for _ in range(_TRIES):
        try:
            return get_storage(storage)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
    return get_storage(storage)


def _waiting(storage: BaseStorage, patience: float) -> BaseStorage:
    """Return a storage that waits for its database, where that is a server, not a file."""
    if not isinstance(storage, _CachedStorage) or storage._backend.engine.name == "sqlite" or not patience:
        return storage
    from optuna_sweeper.study.retrying_storage import RetryingStorage

    return RetryingStorage(storage._backend, patience)


def storage_file(storage: Any, folder: Path | None = None) -> Path | None:
    """Return the file of a storage that is one; see `make_storage`."""
    if not isinstance(storage, str):
        return None
    for scheme in (_JOURNAL, _SQLITE):
        name = storage.removeprefix(scheme)
        if storage.startswith(scheme) and not name.startswith((":memory:", "file:")):
            return (folder or Path.cwd()) / name if name else None
    return None


def outlives_process(storage: BaseStorage) -> bool:
    """Whether another process, or a later one, can open the study."""
    return not isinstance(storage, InMemoryStorage)


def describe_storage(storage: Any) -> str:
    """Return what to call the storage in a log: a URL without its secrets."""
    if storage is None:
        return "memory"
    if isinstance(storage, DictConfig):
        return str(storage.get("_target_"))
    if isinstance(storage, BaseStorage):
        return type(storage).__name__
    return masked(str(storage))
