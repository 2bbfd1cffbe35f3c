"""The storage of a study, and opening a study in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from omegaconf import DictConfig
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, _CachedStorage, get_storage
from optuna.study import Study

from optuna_sweeper.errors import SweepError, first_line, refusal
from optuna_sweeper.instantiate import instantiate
from optuna_sweeper.safe_text import masked
from optuna_sweeper.study.journal import JournalFile
from optuna_sweeper.study.retrying_storage import RetryingStorage, lost_connection
from optuna_sweeper.study.sqlite_storage import SqliteStorage
from optuna_sweeper.study.storage_file import JOURNAL, SQLITE, storage_file

_TRIES = 3  # another worker may be first in three steps

# The packages of SQLAlchemy's drivers.
_DRIVERS = {"MySQLdb": "mysqlclient", "psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary"}


def open_study(
    storage: Any,
    name: str | None,
    directions: Sequence[str],
    sampler: BaseSampler,
    pruner: BasePruner | None = None,
    timeout: float = 0.0,
) -> Study:
    """Create the study, or open the one of this name in the storage (see `make_storage`)."""
    with _described(storage):
        study = optuna.create_study(
            storage=make_storage(storage, timeout=timeout),
            study_name=name,
            directions=directions,  # type: ignore[arg-type]  # validated with the settings
            sampler=sampler,
            pruner=pruner,
            load_if_exists=True,
        )
    known = [direction.name.lower() for direction in study.directions]
    if known != list(directions):
        rule = f"{', '.join(known)}, as in the study {study.study_name} of the storage"
        cure = "Name another hydra.sweeper.study_name to start afresh."
        raise refusal("hydra.sweeper.direction", rule, ", ".join(directions), cure)
    return study


def write_ahead(study: Study, storage: Any) -> None:
    """Have a file of SQLite write ahead while the study is open; other storages stay as they are."""
    if isinstance(study._storage, SqliteStorage):
        with _described(storage):
            study._storage.write_ahead()


@contextmanager
def _described(storage: Any) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # whatever a driver of a database raises
        raise SweepError(
            f"hydra.sweeper.storage cannot be used: {describe_storage(storage)}. {_describe_failure(error)}"
        ) from error


def _describe_failure(error: Exception) -> str:
    if isinstance(error, SweepError):
        return str(error)
    missing = error.__cause__
    if isinstance(missing, ModuleNotFoundError):
        name = str(missing.name)
        return f"It needs the module {name}. Run: pip install {_DRIVERS.get(name, name)}"
    cure = "Repair it, or set another, such as hydra.sweeper.storage=journal:study.log."
    if isinstance(error, StorageInternalError):
        error = lost_connection(error) or error  # more precise than Optuna's message
    return f"{first_line(error).rstrip('.')}. {cure}"


def make_storage(storage: Any, folder: Path | None = None, timeout: float = 0.0) -> BaseStorage:
    """Open the storage ``hydra.sweeper.storage``, and create it if it does not exist.

    Relative paths are made absolute, since jobs may change into folders of their own; the base is `folder`,
    by default the working directory. A server that goes away later is retried for `timeout` seconds.
    """
    if isinstance(storage, DictConfig):
        storage = instantiate(storage, "optuna.storages")
    path = storage_file(storage, folder)
    if path is None:
        opened = _open(storage)
        if isinstance(opened, _CachedStorage) and opened._backend.engine.name != "sqlite" and timeout:
            return RetryingStorage(opened._backend, timeout)  # its database is a server
        return opened
    if storage.startswith(JOURNAL):
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFile(str(path)))
    opened = _open(f"{SQLITE}{path}")
    assert isinstance(opened, _CachedStorage)
    return SqliteStorage(opened._backend)


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


def outlives_process(storage: BaseStorage) -> bool:
    """Whether other processes, now or later, can open the study."""
    return not isinstance(storage, InMemoryStorage)


def describe_storage(storage: Any) -> str:
    """Return a description of the storage for log lines: a URL without its secrets."""
    if storage is None:
        return "memory"
    if isinstance(storage, DictConfig):
        return str(storage.get("_target_"))
    return masked(str(storage))
