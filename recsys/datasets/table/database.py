"""DatabaseSource: a table or a query of SQLite or PostgreSQL, read in batches."""

from __future__ import annotations

import logging
import re
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from optuna_sweeper.safe_text import masked
from recsys.datasets.table.connection import identifier, locked_connection
from recsys.datasets.table.query import sql_errors
from recsys.datasets.table.source import ROW, OpenTable
from recsys.datasets.table.text_format import distinct_names
from recsys.errors import DataError, DataNotFoundError, ParameterError

if TYPE_CHECKING:
    import sqlalchemy as sa
    from duckdb import DuckDBPyConnection

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 100_000
TIMEOUT = "10"  # seconds to connect, unless the address has its own

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_UNCLEAR = re.compile(r"""[;'"]|\$\w*\$""")


@dataclass(frozen=True)
class DatabaseSource:
    """A table or a query of a database, which is only read.

    Values become text, as those of a file, and are checked in the same way.

    Parameters
    ----------
    address : str
        sqlite:///shop.db, the path of an SQLite file, or postgresql://user@host/database.
    table : str, optional
        Name of a table or view, also with its schema: shop.sales.
    sql : str, optional
        One SELECT in the SQL of the database, instead of a table.
    where : str, optional
        Condition on the rows, in the SQL of the database.
    """

    address: str
    table: str | None = None
    sql: str | None = None
    where: str | None = None

    @property
    def label(self) -> str:
        """The address without secrets, and the table."""
        return f"{masked(self.address)}, {f'table {self.table}' if self.table else 'dataset.query'}"

    @property
    def statement(self) -> str:
        """The SELECT; on lines of their own, comments at the end of the given SQL hide nothing."""
        if self.sql is not None:
            rows = f"(\n{self.sql.rstrip().rstrip(';')}\n) AS data"
        else:
            rows = ".".join(identifier(part) for part in (self.table or "").split("."))
        return f"SELECT * FROM {rows}" + ("" if self.where is None else f" WHERE (\n{self.where}\n)")

    def files(self) -> dict[str, list[Path]]:
        """Return the file of SQLite, and what is written and not yet in it; nothing for a server."""
        file = self._file
        if file is None:
            return {}
        log_file = file.with_name(f"{file.name}-wal")
        return {"database": [file, *([log_file] if log_file.is_file() else [])]}

    @property
    def _url(self) -> sa.URL:
        from recsys.feedback.store import database_url

        return database_url(self.address, "dataset.database")

    @property
    def _file(self) -> Path | None:
        url = self._url
        return Path(url.database or "") if url.get_backend_name() == "sqlite" else None

    @contextmanager
    def open(self, wanted: Collection[str], *, lines: bool = False) -> Iterator[OpenTable]:
        """Load the rows as text."""
        if lines:
            raise DataError("dataset.layout: lines are of a text file, not of a database. Set another one.")
        with (
            tempfile.TemporaryDirectory(prefix="recsys-table-") as folder,
            sql_errors(self.label),
            locked_connection([], folder) as connection,
        ):
            n_rows = self._load(connection)
            log.info("%s: %s rows", self.label, f"{n_rows:,}")
            data = connection.table("data").project(f"row_number() OVER () AS {ROW}, *")
            yield OpenTable(data, f"{self.label}, row {{}}".format, n_rows)

    def tables(self) -> list[str]:
        """Return the names of the tables and views."""
        import sqlalchemy as sa

        engine = self._engine()
        try:
            found = sa.inspect(engine)
            return [*found.get_table_names(), *found.get_view_names()]
        except sa.exc.SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            raise DataError(f"{masked(self.address)} cannot be read: {reason.rstrip('.')}.") from error
        finally:
            engine.dispose()

    def _load(self, connection: DuckDBPyConnection) -> int:
        """Copy the rows into a table `data`; return their number."""
        import pyarrow as pa
        import sqlalchemy as sa

        engine = self._engine()
        n_rows = 0
        try:
            with engine.connect().execution_options(**_options(engine.dialect.name)) as database:
                result = database.exec_driver_sql(self.statement)
                names = distinct_names(list(result.keys()))
                columns = ", ".join(f"{identifier(name)} VARCHAR" for name in names)
                connection.execute(f"CREATE TABLE data ({columns})")
                schema = pa.schema([(name, pa.string()) for name in names])
                for rows in result.partitions():
                    texts = [[_text(value) for value in column] for column in zip(*rows, strict=True)]
                    connection.register("batch", pa.table(texts, schema=schema))
                    connection.execute("INSERT INTO data SELECT * FROM batch")
                    n_rows += len(rows)
        except sa.exc.SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            key = "table" if self.sql is None else "query"
            raise DataError(f"dataset.{key}: {self.label} cannot be read: {reason.rstrip('.')}.") from error
        finally:
            engine.dispose()
        return n_rows

    def _engine(self) -> sa.Engine:
        import sqlalchemy as sa

        file, url = self._file, self._url
        if file is None:
            return sa.create_engine(url.update_query_dict({"connect_timeout": TIMEOUT} | dict(url.query)))
        if not file.is_file():
            raise DataNotFoundError(f"dataset.database: there is no file {file}. Put it there, or name one.")
        read_only = f"file:{quote(str(file.resolve()))}?mode=ro"
        return sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(read_only, uri=True))


def _options(dialect: str) -> dict[str, Any]:
    """Return how to run the statement: in batches, read only, and with percent signs as they are."""
    options: dict[str, Any] = {"stream_results": True, "yield_per": ROWS_AT_ONCE, "no_parameters": True}
    return {**options, "postgresql_readonly": True} if dialect == "postgresql" else options


def check_address(address: str) -> None:
    """Raise ParameterError unless an address is that of SQLite or PostgreSQL."""
    from recsys.feedback.store import database_url

    database_url(address, "database")


def check_sql(parameter: str, sql: str) -> None:
    """Raise ParameterError if SQL may end the parentheses around it, or be several statements."""
    bare = _QUOTED.sub(" ", sql.rstrip().removesuffix(";"))
    depth = lowest = 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        lowest = min(lowest, depth)
    if depth or lowest < 0 or _UNCLEAR.search(bare) or "\\'" in sql:
        rule = "one SELECT" if parameter == "query" else "one condition"
        cure = "Parentheses must be closed in pairs, and ; \\' and $$ left out."
        raise ParameterError(parameter, f"{rule} in the SQL of the database", sql, cure)


def _text(value: Any) -> str | None:
    """Return a value of a driver as it would stand in a text file."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, bytes | memoryview):
        raise DataError(
            "dataset.database: a column holds bytes, which are no text. Leave it out by dataset.query."
        )
    return str(value)
