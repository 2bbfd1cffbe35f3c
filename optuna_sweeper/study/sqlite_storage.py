"""A storage in a file of SQLite, whose transactions do not wait for the disk.

The database writes ahead while a sweep has it open: changes are appended to ``<file>-wal``, and moved into
the file now and then, and at the end. A killed process loses nothing; a power failure may lose the last
transactions, and never damages the file. Source: https://sqlite.org/wal.html.
"""

import logging
from typing import Any

from optuna.storages import RDBStorage

from optuna_sweeper.study.recent_trials import RecentTrialsStorage

log = logging.getLogger(__name__)


class SqliteStorage(RecentTrialsStorage):
    """Optuna's storage in a file of SQLite, for processes on one machine."""

    def __init__(self, backend: RDBStorage) -> None:
        from sqlalchemy import event

        super().__init__(backend)
        self._writes_ahead = False
        event.listen(backend.engine, "connect", _do_not_wait)
        backend.engine.dispose()  # the connection from before

    def write_ahead(self) -> None:
        """Have the database write ahead until `remove_session`: that is a property of the file."""
        from sqlalchemy.exc import OperationalError

        try:
            self._set_mode("WAL")
        except OperationalError as error:
            # Another program uses the database, which stays as it is: as safe, but four waits a transaction.
            if "locked" not in str(error):
                raise
        self._writes_ahead = True

    def remove_session(self) -> None:
        """Close the connections; of the sweeps that use a database the last leaves it as it was.

        A file that writes ahead cannot be read in a folder that is read-only.
        """
        from sqlalchemy.exc import OperationalError

        super().remove_session()
        if self._writes_ahead:
            try:
                self._set_mode("DELETE", "PRAGMA busy_timeout = 0")
            except OperationalError as error:
                log.debug("The database goes on writing ahead", exc_info=error)
            self._writes_ahead = False

    def _set_mode(self, mode: str, *before: str) -> None:
        try:
            with self._backend.engine.connect() as connection:
                for statement in (*before, f"PRAGMA journal_mode = {mode}"):
                    connection.exec_driver_sql(statement)
        finally:
            self._backend.engine.dispose()  # this connection, and those from before


def _do_not_wait(connection: Any, _: Any) -> None:
    """Wait for the disk only when changes are moved into the file, where the database writes ahead."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")
