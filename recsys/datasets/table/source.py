"""Sources of tables: an open source gives a DuckDB relation, whose columns layouts and checks read.

Values of text files and databases are text in the relation; Parquet and JSON keep their types. What a column
holds is decided later, by its role: DuckDB's own conversions turn the ids "1.5" and "0x10" into 2 and 16.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from recsys.datasets.files import data_files, open_binary, reading
from recsys.datasets.table.connection import literal, locked_connection
from recsys.datasets.table.text_format import find_encoding, find_format
from recsys.errors import DataFormatError, DataNotFoundError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

# Name of the number of the row in its file, in a relation that was opened as numbered.
ROW = "recsys_row"

ROWS_AT_ONCE = 100_000

PARQUET = (".parquet", ".pq")
JSON = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")


class Source(Protocol):
    """Where a table is."""

    def open(
        self, wanted: Collection[str], *, lines: bool = False, numbered: bool = False
    ) -> AbstractContextManager[DuckDBPyRelation]:
        """Open the table as a relation, which is valid until the end of the context.

        Parameters
        ----------
        wanted : collection of str
            Columns that the table should have; a hint on how to read it.
        lines : bool
            Give the lines of text files instead of their columns: `line` (its number) and `text`.
        numbered : bool
            Add the column ROW, the number of the row in its file or result, from 1.
        """
        ...

    def files(self) -> dict[str, list[Path]]:
        """Return the files that are read, by role."""
        ...


@dataclass(frozen=True)
class FileSource:
    """Files of CSV, Parquet or JSON: one, a folder, or a pattern such as sales/2024-*.csv."""

    path: str
    separator: str | None = None
    quoted: bool | None = None
    encoding: str | None = None
    skip: int | None = None
    where: str | None = None

    def files(self) -> dict[str, list[Path]]:
        """Return the files, in the order of their names."""
        return {"table": find_files(self.path)}

    @contextmanager
    def open(
        self, wanted: Collection[str], *, lines: bool = False, numbered: bool = False
    ) -> Iterator[DuckDBPyRelation]:
        """Open the files as one relation."""
        files = find_files(self.path)
        with locked_connection(files) as connection:
            data = self._lines(connection, files) if lines else self._relation(connection, files, wanted)
            yield data.project(f"row_number() OVER () AS {ROW}, *") if numbered else data

    def _lines(self, connection: DuckDBPyConnection, files: list[Path]) -> DuckDBPyRelation:
        import pyarrow as pa

        schema = pa.schema({"line": pa.int64(), "text": pa.string()})
        connection.execute("CREATE TABLE lines (line BIGINT, text VARCHAR)")
        for file in files:
            encoding = self.encoding or find_encoding(file)
            with reading(file), open_binary(file) as binary:
                stream = io.TextIOWrapper(binary, encoding=encoding, newline=None)
                numbered = islice(enumerate(stream, start=1), self.skip or 0, None)
                rows = ((number, line.rstrip("\n")) for number, line in numbered if line.strip())
                while some := list(islice(rows, ROWS_AT_ONCE)):
                    numbers, texts = zip(*some, strict=True)
                    connection.register("block", pa.table([numbers, texts], schema=schema))
                    connection.execute("INSERT INTO lines SELECT * FROM block")
        return connection.table("lines")

    def _relation(
        self, connection: DuckDBPyConnection, files: list[Path], wanted: Collection[str]
    ) -> DuckDBPyRelation:
        paths = ", ".join(literal(str(file)) for file in files)
        kinds = {kind_of(file) for file in files}
        if len(kinds) > 1:
            raise DataFormatError(f"{self.path} has files of several kinds: {', '.join(sorted(kinds))}.")
        if kinds == {"Parquet"}:
            return connection.sql(f"SELECT * FROM read_parquet([{paths}])")
        if kinds == {"JSON"}:
            return connection.sql(f"SELECT * FROM read_json_auto([{paths}], sample_size = -1)")
        (file,) = files
        found = find_format(file, self.separator, self.encoding, self.skip, wanted)
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in found.names)
        return connection.sql(
            f"SELECT * FROM read_csv({literal(str(file))}, auto_detect = false, header = true, "
            f"columns = {{{columns}}}, delim = {literal(found.separator)}, quote = '\"', escape = '\"', "
            f"strict_mode = true, skip = {found.skip})"
        )


def find_files(path: str) -> list[Path]:
    """Return the files of a path, a folder or a pattern, by name; raise DataNotFoundError without any."""
    given = Path(path).expanduser()
    if not given.exists() and any(sign in path for sign in "*?["):
        found = Path(given.anchor).glob(str(given.relative_to(given.anchor)))
        files = sorted(file for file in found if file.is_file())
    else:
        with reading(given):
            given.stat()
        files = data_files(given)
    if not files:
        raise DataNotFoundError(f"{path} has no files. Put the files there, or name others.")
    return files


def kind_of(file: Path) -> str:
    """Return CSV, Parquet or JSON by the ending of a file."""
    name = file.name.lower()
    if name.endswith(PARQUET):
        return "Parquet"
    return "JSON" if name.endswith(JSON) else "CSV"
