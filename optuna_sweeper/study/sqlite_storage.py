"""A storage in a file of SQLite, whose transactions do not wait for the disk.

The database writes ahead: changes are appended to ``<file>-wal``, and moved into the file now and then, and
when the last connection is closed. A killed process loses nothing; a power failure may lose the last
transactions, and never damages the file. Source: https://sqlite.org/wal.html.
"""

from typing import Any

from optuna.storages import RDBStorage

from optuna_sweeper.study.recent_trials import RecentTrialsStorage


class SqliteStorage(RecentTrialsStorage):
    """Optuna's storage in a file of SQLite, for processes on one machine."""

    def __init__(self, backend: RDBStorage) -> None:
        from sqlalchemy import event

        super().__init__(backend)
        event.listen(backend.engine, "connect", _do_not_wait)
        backend.engine.dispose()  # the connection from before

    def write_ahead(self) -> None:
        """Have the database write ahead, from now on: that is a property of the file."""
        from sqlalchemy.exc import OperationalError

        try:
            with self._backend.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            # Another program uses the database, which stays as it is: as safe, but four waits a transaction.
            if "locked" not in str(error):
                raise
        self._backend.engine.dispose()  # the connection from before


def _do_not_wait(connection: Any, _: Any) -> None:
    """Wait for the disk only when changes are moved into the file, where the database writes ahead."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")
