"""FileSource: files of CSV, Parquet or JSON, and SQL over them."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.datasets.files import open_binary, reading
from recsys.datasets.table.connection import count, identifier, locked_connection
from recsys.datasets.table.prepared import PreparedTable, find_files
from recsys.datasets.table.query import Typing, filtered, sql_errors
from recsys.datasets.table.source import ROW, ROWS, OpenTable
from recsys.datasets.table.text_file import TextSettings
from recsys.datasets.table.text_scan import scan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

log = logging.getLogger(__name__)

LINES_AT_ONCE = 100_000


@dataclass(frozen=True)
class FileSource:
    """Files of CSV, Parquet or JSON.

    Parameters
    ----------
    tables : tuple of (str, str)
        Name in SQL and path of each table: a file, a folder, or a pattern such as sales/2024-*.csv.
    settings : TextSettings
        How text files are written.
    sql : str, optional
        Query over the tables; the first table by default.
    where : str, optional
        Condition on the rows of the result.
    typing : Typing
        Types of text columns in this SQL.
    """

    tables: tuple[tuple[str, str], ...]
    settings: TextSettings = field(default_factory=TextSettings)
    sql: str | None = None
    where: str | None = None
    typing: Typing = field(default_factory=Typing)

    @property
    def label(self) -> str:
        """The path, or the paths."""
        return ", ".join(path for _, path in self.tables)

    def files(self) -> dict[str, list[Path]]:
        """Return the files, in the order of their names."""
        return {name: find_files(path) for name, path in self.tables}

    @property
    def _key(self) -> str | None:
        return "query" if self.sql else "where" if self.where else None

    @contextmanager
    def open(self, wanted: Collection[str], *, lines: bool = False) -> Iterator[OpenTable]:
        """Open the files as one relation."""
        import duckdb

        with tempfile.TemporaryDirectory(prefix="recsys-table-") as folder, sql_errors(self.label, self._key):
            if lines:
                with locked_connection([], folder) as connection:
                    yield _lines(connection, find_files(self.tables[0][1]), self.settings)
                return
            wanted = wanted if self.sql is None else ()
            tables = [
                PreparedTable.of(
                    path, self.settings, wanted, Path(folder), reads_others=self._key is not None
                )
                for _, path in self.tables
            ]
            readable = [file for table in tables for file in table.readable]
            with locked_connection(readable, folder) as connection:
                try:
                    yield self._open(connection, tables)
                except duckdb.Error:
                    for table in tables:
                        table.explain()
                    raise

    def _open(self, connection: DuckDBPyConnection, tables: list[PreparedTable]) -> OpenTable:
        names = [f"recsys_table_{number}" for number in range(len(tables))]
        for name, table in zip(names, tables, strict=True):
            table.create(connection, name)
            log.info("%s%s", table.description, f", {table.n_lines:,} lines" if table.n_lines else "")
            if self.sql is not None or self.where is not None:
                n_rows = count(connection.table(name))
                table.check_count(n_rows)
        n_files = max(len(tables[0].texts), 1)
        if self.sql is None and self.where is None:
            return OpenTable(
                connection.table(names[0]), tables[0].place, tables[0].n_lines, tables[0].check_count, n_files
            )
        if self.sql is None:
            kept = self.filtered(connection.table(names[0]))
            return OpenTable(kept, tables[0].place, n_rows, n_files=n_files)
        for name, table, (given, _) in zip(names, tables, self.tables, strict=True):
            rows = connection.table(name).project(f"* EXCLUDE {ROW}")
            typed = self.typing.columns(rows, self.sql, table.path)
            replaced = ", ".join(f"{sql} AS {identifier(column)}" for column, sql in typed.items())
            rows.project(f"* REPLACE ({replaced})" if typed else "*").create_view(given)
        with sql_errors(self.label, "query"):
            data = connection.sql(self.sql).project(f"row_number() OVER () AS {ROW}, *")
        return OpenTable(self.filtered(data), "row {} of dataset.query".format)

    def filtered(self, data: DuckDBPyRelation) -> DuckDBPyRelation:
        """Return the rows of a table that meet `where`."""
        if self.where is None:
            return data
        typed = self.typing.columns(data, self.where, self.label)
        with sql_errors(self.label, "where"):
            return filtered(data, self.where, typed)


def _lines(connection: DuckDBPyConnection, files: list[Path], settings: TextSettings) -> OpenTable:
    import pyarrow as pa

    schema = pa.schema({ROW: pa.int64(), "line": pa.int64(), "text": pa.string()})
    connection.execute(f"CREATE TABLE lines ({ROW} BIGINT, line BIGINT, text VARCHAR)")
    n_before = last = 0
    for position, file in enumerate(files):
        encoding = settings.encoding or scan(file).checked_encoding(file)
        with reading(file), open_binary(file) as binary:
            stream = io.TextIOWrapper(binary, encoding=encoding, newline=None)
            numbered = islice(enumerate(stream, start=1), settings.skip or 0, None)
            rows = (
                (position * ROWS + line, n_before + line, text.rstrip("\n"))
                for line, text in numbered
                if text.strip()
            )
            while some := list(islice(rows, LINES_AT_ONCE)):
                connection.register("block", pa.table(list(zip(*some, strict=True)), schema=schema))
                connection.execute("INSERT INTO lines SELECT * FROM block")
                last = some[-1][1]
        n_before = last
    return OpenTable(connection.table("lines"), lambda row: f"{files[row // ROWS]}, line {row % ROWS}")
