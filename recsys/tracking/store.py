"""MLflow's client, and the tables of a new store in a database, which only one process makes, and whole."""

from __future__ import annotations

import errno
import fcntl
import gc
import logging
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.errors import ParameterError
from recsys.folders import cache_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

# Who wants it otherwise can set these. MLflow reports its use over the network unless told not to; its log
# repeats with a traceback what it raises, and lists the tables that it makes; it prints an address for each
# run that ends, and progress bars; and it asks a server that does not answer for several minutes.
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
TURN = 5_316_200_471_093  # of the locks that programs agree on in a database, the one taken here


def connect(tracking_uri: str) -> MlflowClient:
    """Return a client of the store; the first call imports MLflow, which takes seconds.

    The tables of a store in a database are made by MLflow's first client, which takes seconds: two processes
    at once trip over each other. So processes take turns here, by a lock in the folder of an SQLite store,
    and by one in PostgreSQL. In SQLite the tables are no single transaction either, and a process that is
    killed amid leaves a store that no MLflow can open. So a new file is made elsewhere, once for all folders,
    and its copy put in place whole.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    # It tells how a connection ends on which MLflow has met an error, which MLflow mends or raises.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    if "mlflow" in sys.modules:
        return _client(tracking_uri)
    with _nothing_to_collect():
        return _client(tracking_uri)


def _client(tracking_uri: str) -> MlflowClient:
    from mlflow import MlflowClient

    if POSTGRESQL.match(tracking_uri):
        with _turn_in_database(tracking_uri):
            return MlflowClient(tracking_uri=tracking_uri)
    path = _sqlite_file(tracking_uri)
    if path is None:
        return MlflowClient(tracking_uri=tracking_uri)
    _require_database(path)
    with _turn(path.parent):
        if not path.exists():
            _make_store(path)
        return MlflowClient(tracking_uri=tracking_uri)


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Keep the garbage collector from going through MLflow's two thousand modules while they come, and after.

    What an import makes stays; to look through it again and again is a quarter of the time it takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _sqlite_file(tracking_uri: str) -> Path | None:
    found = SQLITE.match(tracking_uri)
    return Path(found["path"]) if found and not found["path"].startswith(":memory:") else None


def _require_database(path: Path) -> None:
    """Refuse a file that is no database or cannot be written; MLflow would try for minutes to open it."""
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
            "The tracking URI",
            f"a database that can be opened and written ({reason})",
            f"sqlite:///{path}",
            "Set another, for example MLFLOW_TRACKING_URI=sqlite:///mlflow.db.",
        ) from error


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here for this folder. The lock goes away with its process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _turn_in_database(url: str) -> Iterator[None]:
    """Wait until no other process is in here for this database. The lock goes away with its transaction."""
    from sqlalchemy import NullPool, create_engine, func, select

    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(TURN)))
        yield


def _make_store(path: Path) -> None:
    """Put an empty store in place, the copy of one that was made before if there is one."""
    from mlflow.version import VERSION

    new = path.with_name(f".{path.name}.new")
    kept = cache_folder() / f"mlflow-{VERSION}-empty.db"
    if kept.exists():
        shutil.copyfile(kept, new)
    else:
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, path.name)
            _make_tables(draft)
            shutil.copyfile(draft, new)
            _keep(draft, kept)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(new, path)
    except FileExistsError:  # another program, such as MLflow's UI, has made one meanwhile
        pass
    finally:
        new.unlink()


def _make_tables(path: Path) -> None:
    from mlflow import MlflowClient
    from sqlalchemy import Engine, event

    event.listen(Engine, "connect", _without_waiting_for_the_disk)
    try:
        MlflowClient(tracking_uri=f"sqlite:///{path}")
    finally:
        event.remove(Engine, "connect", _without_waiting_for_the_disk)
    # The default experiment knows the folder of its artifacts. Where MLflow finds none, it makes it anew.
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM experiments")


def _keep(store: Path, place: Path) -> None:
    """Put a copy of a store in the cache, whole, where that can be written."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            shutil.copyfile(store, Path(folder, place.name)).rename(place)
    except OSError as error:
        log.debug("%s is not kept: %s", place, error)


def _without_waiting_for_the_disk(connection: Any, _: Any) -> None:
    """Make the tables faster: of a file that nobody has seen, a power failure can spoil nothing."""
    connection.execute("PRAGMA synchronous = OFF")
