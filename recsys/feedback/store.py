"""FeedbackStore: the table of feedback in SQLite or PostgreSQL."""

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

import sqlalchemy as sa

from optuna_sweeper.safe_text import masked
from recsys.errors import DataError, DataNotFoundError, ParameterError
from recsys.feedback.feedback import Acceptance, Feedback, FeedbackLimitError

log = logging.getLogger(__name__)

LOCK_TIMEOUT = 10.0  # seconds, while another process writes
CONNECT_TIMEOUT = 10  # seconds, unless the address has its own
DAY = 86_400_000  # milliseconds

_SCHEME = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


class _Ids(sa.TypeDecorator[tuple[str, ...]]):
    """Ids as a JSON list."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: sa.Dialect) -> str:
        return json.dumps(value or (), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> tuple[str, ...]:
        return tuple(json.loads(value or "[]"))


TABLE = sa.Table(
    "thumbs",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("list_id", sa.String(64), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.String(200), nullable=False),
    sa.Column("item_id", sa.String(200), nullable=False),
    sa.Column("liked", sa.Boolean, nullable=False),
    sa.Column("likes", _Ids, nullable=False),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("antecedents", _Ids, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rank", sa.Integer),
    sa.Column("model_version", sa.String(200), nullable=False),
    sa.Column("client", sa.String(64), nullable=False),
    sa.UniqueConstraint("list_id", "item_id"),
    *(sa.Index(f"thumbs_by_{column}", column, "created") for column in ("user_id", "item_id", "client")),
    # Otherwise SQLite reuses the id of the last row when it is replaced, and `state` does not change.
    sqlite_autoincrement=True,
)
LIMITED = {"user": TABLE.c.user_id, "item": TABLE.c.item_id, "address": TABLE.c.client}
UNSIGNED_TABLE = "feedback"  # of versions that accepted feedback without a signed list


def database_url(address: str, parameter: str = "feedback") -> sa.URL:
    """Return the URL of an SQLite file for a path, and PostgreSQL URLs with the installed driver.

    Raise ParameterError if the address is invalid, or is of another kind of database.
    """
    rule = "the path of an SQLite file, sqlite:///feedback.db or postgresql://user@host/database"
    error = ParameterError(parameter, rule, address)
    if not isinstance(address, str) or not address:
        raise error
    if not _SCHEME.match(address):
        return sa.make_url(f"sqlite:///{Path(address).expanduser()}")
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        raise error from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise error
    return url


@dataclass(frozen=True, eq=False)
class FeedbackStore:
    """Feedback in a database, which `open` connects to. When `add` returns, the thumb is on disk."""

    engine: sa.Engine

    @classmethod
    def open(cls, address: str, parameter: str = "feedback", make: bool = True) -> Self:
        """Open the database of a path or URL; see `database_url`.

        If there is no table, create it, and the file; or, if `make` is False, raise DataNotFoundError. A
        database that cannot be reached or written raises DataError.
        """
        url = database_url(address, parameter)
        file = _sqlite_file(url)
        if file:
            if not make and not file.is_file():
                raise DataNotFoundError(
                    f"{parameter}: there is no file {file}. The service makes it: make serve, with "
                    "RECSYS_SERVING_FEEDBACK to put it elsewhere."
                )
            engine = sa.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
            sa.event.listen(engine, "connect", _set_durable)
        else:
            # By default a connection takes up to two minutes: people would wait, and threads run out.
            url = url.update_query_dict({"connect_timeout": f"{CONNECT_TIMEOUT}"} | dict(url.query))
            engine = sa.create_engine(url, pool_pre_ping=True)
        store = cls(engine)
        with store._errors(parameter):
            if make:
                if file:
                    _create_file(file)
                with engine.begin() as connection:
                    # Concurrent CREATE TABLE IF NOT EXISTS can fail.
                    _lock(connection)
                    TABLE.metadata.create_all(connection)
            elif not sa.inspect(engine).has_table(TABLE.name):
                raise DataNotFoundError(f"{parameter}: {address} holds no table {TABLE.name}.")
            if sa.inspect(engine).has_table(UNSIGNED_TABLE):
                log.warning(
                    "%s: the table %s of %s, from an earlier version, is not read: its thumbs refer to no "
                    "signed list, so anyone may have written them.",
                    parameter, UNSIGNED_TABLE, masked(address),
                )  # fmt: skip
        return store

    def add(self, feedback: Feedback, limits: Mapping[str, int] | None = None) -> bool:
        """Store a thumb, in place of an earlier one for the same item of the same list.

        Return whether it is new. `limits` are the maximum numbers of new thumbs of a "user", an "item" and an
        "address" in the day before `feedback.created`: FeedbackLimitError is raised where one is reached, and
        nothing is stored. DataError is raised if the database cannot be written.
        """
        same = (TABLE.c.list_id == feedback.list_id) & (TABLE.c.item_id == feedback.item_id)
        with self._errors(), self.engine.begin() as connection:
            _lock(connection)
            # First, because it locks SQLite: the counts below stay true until the end.
            is_new = connection.execute(TABLE.delete().where(same)).rowcount == 0
            row = {**vars(feedback), "rule": feedback.rule}
            if limits and is_new:
                _check_limits(connection, row, limits)
            connection.execute(TABLE.insert().values(row))
        return is_new

    def withdraw(self, list_id: str, item_id: str) -> bool:
        """Remove the thumb for an item of a list; return whether there was one.

        When this returns, it is gone from the disk. DataError is raised if the database cannot be written.
        """
        same = (TABLE.c.list_id == list_id) & (TABLE.c.item_id == item_id)
        with self._errors(), self.engine.begin() as connection:
            _lock(connection)
            return connection.execute(TABLE.delete().where(same)).rowcount > 0

    def read(self) -> list[Feedback]:
        """Return all feedback, the earliest first."""
        columns = [TABLE.c[field.name] for field in fields(Feedback)]
        return [Feedback(*row) for row in self._rows(sa.select(*columns).order_by(TABLE.c.id))]

    def state(self) -> tuple[int, int]:
        """Return the number of thumbs and the last id, which each new, replaced or withdrawn one changes."""
        ((count, last),) = self._rows(sa.select(sa.func.count(), sa.func.max(TABLE.c.id)))
        return count, last or 0

    def acceptance(
        self, by: Literal["source", "rule", "model_version"], limit: int | None = None
    ) -> list[Acceptance]:
        """Return the acceptance by source, rule or model version, those with the most thumbs first."""
        column, total = TABLE.c[by], sa.func.count()
        up = sa.func.count().filter(TABLE.c.liked)  # PostgreSQL does not sum booleans
        query = sa.select(column, up, total).where(column != "").group_by(column)
        return [Acceptance(*row) for row in self._rows(query.order_by(total.desc(), column).limit(limit))]

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database, None for a server."""
        return _sqlite_file(self.engine.url)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _rows(self, query: Any) -> list[Any]:
        with self._errors(), self.engine.connect() as connection:
            return list(connection.execute(query))

    @contextmanager
    def _errors(self, parameter: str = "feedback") -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            where = self.engine.url.render_as_string()
            raise DataError(
                f"{parameter}: the database {where} does not do what it should: {reason}"
            ) from error


def _sqlite_file(url: sa.URL) -> Path | None:
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _create_file(file: Path) -> None:
    """Create a file for its owner alone; SQLite gives -wal and -shm the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def _set_durable(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # in WAL mode, the default does not wait for the disk


def _lock(connection: sa.Connection) -> None:
    """Wait for other writers until the end of the transaction; SQLite does so itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("recsys feedback"))))


def _check_limits(connection: sa.Connection, row: dict[str, Any], limits: Mapping[str, int]) -> None:
    recent = sa.select(sa.func.count()).where(TABLE.c.created > row["created"] - DAY)
    for what, limit in limits.items():
        column = LIMITED[what]
        if connection.execute(recent.where(column == row[column.name])).scalar_one() >= limit:
            raise FeedbackLimitError(what, limit)
