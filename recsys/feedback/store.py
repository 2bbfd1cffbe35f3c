"""FeedbackStore: the table of feedback in SQLite or PostgreSQL."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from recsys.errors import DataError, DataNotFoundError
from recsys.feedback.address import database_url, shown, sqlite_file
from recsys.feedback.feedback import Feedback
from recsys.feedback.limits import DAY, FeedbackLimitError, FeedbackLimits

log = logging.getLogger(__name__)

WAIT_FOR_A_LOCK = 10.0  # seconds, while another process writes
WAIT_FOR_A_SERVER = 10  # seconds, where the address says nothing else

TABLE = Table(
    "thumbs",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("list_id", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("user_id", String(200), nullable=False),
    Column("item_id", String(200), nullable=False),
    Column("liked", Boolean, nullable=False),
    Column("likes", Text, nullable=False),
    Column("source", String(20), nullable=False),
    Column("antecedents", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("rank", Integer),
    Column("model_version", String(200), nullable=False),
    Column("client", String(64), nullable=False),
    UniqueConstraint("list_id", "item_id"),
    *(Index(f"thumbs_by_{column}", column, "created") for column in ("user_id", "item_id", "client")),
    # Without it SQLite gives the id of the last row again once that row is replaced, and `state` stays.
    sqlite_autoincrement=True,
)
UNSIGNED_TABLE = "feedback"  # of versions that took feedback without a signed list


@dataclass(frozen=True, eq=False)
class FeedbackStore:
    """Feedback in a database.

    What `add` has returned for is on the disk: it survives a kill and, as far as disk and database keep what
    they promise, a power failure.

    Parameters
    ----------
    engine : Engine
        Connected by `open`.
    """

    engine: Engine

    @classmethod
    def open(cls, address: str, parameter: str = "feedback", make: bool = True) -> FeedbackStore:
        """Open a database.

        Parameters
        ----------
        address : str
            A path or a URL; see `database_url`.
        parameter : str
            What the caller calls the address, for errors.
        make : bool
            Make the table, and the file, where there is none.

        Raises
        ------
        ParameterError
            If the address cannot be one.
        DataNotFoundError
            If there is no table and `make` is False.
        DataError
            If the database cannot be reached or written.
        """
        url = database_url(address, parameter)
        file = sqlite_file(url)
        if file and not make and not file.is_file():
            raise DataNotFoundError(
                f"{parameter}: there is no file {file}. The service makes it: make serve, with "
                "RECSYS_SERVING_FEEDBACK to put it elsewhere."
            )
        if file:
            engine = create_engine(url, connect_args={"timeout": WAIT_FOR_A_LOCK})
            event.listen(engine, "connect", _durable)
        else:
            # Two minutes, unless told: people would wait, and threads run out.
            url = url.update_query_dict({"connect_timeout": f"{WAIT_FOR_A_SERVER}"} | dict(url.query))
            engine = create_engine(url, pool_pre_ping=True)
        store = cls(engine)
        with store._errors(parameter):
            if make:
                if file:
                    _make_file(file)
                with engine.begin() as connection:
                    _make_table(connection)
            elif not inspect(engine).has_table(TABLE.name):
                raise DataNotFoundError(f"{parameter}: {shown(address)} holds no table {TABLE.name}.")
            if inspect(engine).has_table(UNSIGNED_TABLE):
                log.warning(
                    "%s: the table %s of %s, from an earlier version, is not read: its thumbs refer to no "
                    "signed list, so anyone may have written them.",
                    parameter, UNSIGNED_TABLE, shown(address),
                )  # fmt: skip
        return store

    def add(self, feedback: Feedback, limits: FeedbackLimits | None = None) -> bool:
        """Store a thumb; one for the same item of the same list is replaced.

        Parameters
        ----------
        feedback : Feedback
        limits : FeedbackLimits, optional
            Limits of new thumbs in the day before `feedback.created`. Replacing one is always allowed.

        Returns
        -------
        bool
            Whether it is new.

        Raises
        ------
        FeedbackLimitError
            If a limit is reached; nothing is stored.
        DataError
            If the database cannot be written.
        """
        same = (TABLE.c.list_id == feedback.list_id) & (TABLE.c.item_id == feedback.item_id)
        with self._errors(), self.engine.begin() as connection:
            _one_writer(connection)
            # First, for with it SQLite locks the database: what is counted next is still so when it ends.
            replaced = connection.execute(TABLE.delete().where(same)).rowcount > 0
            if limits is not None and not replaced:
                _check_limits(connection, feedback, limits)
            connection.execute(TABLE.insert(), _row(feedback))
        return not replaced

    def read(self) -> list[Feedback]:
        """Return all feedback, the earliest first."""
        with self._errors(), self.engine.connect() as connection:
            return [_feedback(row) for row in connection.execute(select(TABLE).order_by(TABLE.c.id))]

    def state(self) -> tuple[int, int]:
        """Return the number of thumbs and the last id; it changes when one is added or replaced."""
        with self._errors(), self.engine.connect() as connection:
            count, last = connection.execute(select(func.count(), func.max(TABLE.c.id))).one()
        return count, last or 0

    def count_by(self, column: str, limit: int | None = None) -> list[tuple[str, int, int]]:
        """Return thumbs up and all thumbs by the values of a column, the most frequent first."""
        by = TABLE.c[column]
        # A boolean is no number in PostgreSQL.
        up, every = func.count().filter(TABLE.c.liked), func.count()
        query = select(by, up, every).where(by != "").group_by(by).order_by(every.desc(), by).limit(limit)
        with self._errors(), self.engine.connect() as connection:
            return [(value, n_up, n) for value, n_up, n in connection.execute(query)]

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for a server's."""
        return sqlite_file(self.engine.url)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    @contextmanager
    def _errors(self, parameter: str = "feedback") -> Iterator[None]:
        """Tell what the database complains of, without the password of its address."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            said = shown(str(getattr(error, "orig", None) or error)).strip().partition("\n")[0]
            where = self.engine.url.render_as_string()
            raise DataError(
                f"{parameter}: the database {where} does not do what it should: {said}"
            ) from error


def _make_file(file: Path) -> None:
    """Make a file for its owner alone; SQLite gives -wal and -shm beside it the same mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def _durable(connection: Any, _: Any) -> None:
    # In WAL a commit waits for the disk only if told so.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _make_table(connection: Connection) -> None:
    # Several services may start at once, and CREATE TABLE IF NOT EXISTS is not safe from another one.
    _one_writer(connection)
    TABLE.metadata.create_all(connection)


def _one_writer(connection: Connection) -> None:
    """Wait for other writers until the transaction ends; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('recsys feedback'))"))


def _check_limits(connection: Connection, feedback: Feedback, limits: FeedbackLimits) -> None:
    limited = (
        ("user", TABLE.c.user_id == feedback.user_id, limits.per_user),
        ("item", TABLE.c.item_id == feedback.item_id, limits.per_item),
        ("address", TABLE.c.client == feedback.client, limits.per_address),
    )
    for what, same, limit in limited:
        if limit is None:
            continue
        today = same & (TABLE.c.created > feedback.created - 1000 * DAY)
        if connection.execute(select(func.count()).where(today)).scalar_one() >= limit:
            raise FeedbackLimitError(what, limit)


def _row(feedback: Feedback) -> dict[str, Any]:
    return {
        **vars(feedback),
        "likes": _json(feedback.likes),
        "antecedents": _json(feedback.antecedents),
        "rule": feedback.rule,
    }


def _json(ids: Sequence[str]) -> str:
    return json.dumps(list(ids), ensure_ascii=False)


def _feedback(row: Row[Any]) -> Feedback:
    values = {name: value for name, value in row._mapping.items() if name not in ("id", "rule")}
    for name in ("likes", "antecedents"):
        values[name] = tuple(json.loads(values[name]))
    return Feedback(**values)
