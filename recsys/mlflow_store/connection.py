"""Connect to MLflow's store; create the tables of a new one, atomically and in one process only."""

import errno
import logging
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path

from optuna_sweeper.atomic_write import atomic_open
from optuna_sweeper.quick_import import collections_off
from recsys.errors import ParameterError
from recsys.mlflow_store.address import VARIABLE
from recsys.runs.folder_lock import folder_lock

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

# Defaults for MLflow, unless set in the environment: no telemetry, no log of errors that are raised anyway,
# no addresses and progress bars, and seconds instead of minutes until a server counts as unreachable.
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}

SQLITE = re.compile(r"sqlite(\+\w+)?:///(?P<path>[^?]+)")
POSTGRESQL = re.compile(r"postgresql(\+\w+)?://")
LOCK_KEY = 5_316_200_471_093  # key of the advisory lock in PostgreSQL


def connect(tracking_uri: str) -> "MlflowClient":
    """Return a client of the store; the first call imports MLflow, which takes seconds.

    MLflow's first client creates the tables of a store, which takes seconds and fails if two processes do it
    at once: a lock, in the folder of an SQLite store or in PostgreSQL, serialises them. In SQLite this is not
    one transaction, and a process that is killed leaves an unusable store: a new file is created in the cache
    and copied into place atomically.
    """
    apply_settings()
    # It logs connection errors that MLflow handles or raises.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    lock: AbstractContextManager[Any] = nullcontext()
    if (path := _sqlite_file(tracking_uri)) is not None:
        _require_database(path)
        lock = folder_lock(path.parent, wait=True)
    elif POSTGRESQL.match(tracking_uri):
        lock = _lock_in_database(tracking_uri)
    with lock, nullcontext() if "mlflow" in sys.modules else collections_off():
        from mlflow import MlflowClient

        if path is not None and not path.exists():
            _make_store(path)
        return MlflowClient(tracking_uri=tracking_uri)


def apply_settings() -> None:
    """Set the defaults for MLflow, which it reads when it is imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def _sqlite_file(tracking_uri: str) -> Path | None:
    found = SQLITE.match(tracking_uri)
    return Path(found["path"]) if found and not found["path"].startswith(":memory:") else None


def _require_database(path: Path) -> None:
    """Raise an error if the file is no database or not writable, which MLflow would retry for minutes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA schema_version")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, sqlite3.DatabaseError) as error:
        if "locked" in str(error):  # by another process, for a moment
            return
        reason = getattr(error, "strerror", None) or str(error)
        raise ParameterError(
            VARIABLE,
            f"a database that can be opened and written ({reason})",
            f"sqlite:///{path}",
            f"Set another, for example {VARIABLE}=sqlite:///other.db",
        ) from error


@contextmanager
def _lock_in_database(url: str) -> Iterator[None]:
    """Lock the database; the lock goes away with its transaction."""
    from sqlalchemy import NullPool, create_engine, func, select

    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(LOCK_KEY)))
        yield


def _make_store(path: Path) -> None:
    """Put an empty store in place, the copy of one that was made before if there is one."""
    from mlflow.version import VERSION

    new = path.with_name(f".{path.name}.new")
    kept = user_cache_path("recsys", appauthor=False) / f"mlflow-{VERSION}-empty.db"
    if kept.exists():
        shutil.copyfile(kept, new)
    else:
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, path.name)
            _make_tables(draft)
            shutil.copyfile(draft, new)
        _keep(new, kept)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another program, such as MLflow's UI, has made one meanwhile
        os.link(new, path)
    new.unlink()


def _make_tables(path: Path) -> None:
    from mlflow import MlflowClient
    from sqlalchemy import Engine, event

    def without_fsync(connection: Any, _: Any) -> None:  # the file is not in use yet
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", without_fsync)
    try:
        MlflowClient(tracking_uri=f"sqlite:///{path}")
    finally:
        event.remove(Engine, "connect", without_fsync)
    # The default experiment contains a path of artifacts; MLflow creates it again in the copy.
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM experiments")


def _keep(store: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with atomic_open(place) as file:
            file.write(store.read_bytes())
    except OSError as error:
        log.debug("%s is not kept: %s", place, error)
