"""PreparedTable: files that are read as one table, whose rows know their lines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recsys.datasets.files import data_files, reading
from recsys.datasets.table.connection import literal
from recsys.datasets.table.source import ROW, ROWS
from recsys.datasets.table.text_file import TextFile, TextSettings, prepare
from recsys.errors import DataFormatError, DataNotFoundError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Text up to this size is loaded, because it is read several times; larger text is parsed each time.
MAX_LOADED = 100_000_000

PARQUET = (".parquet", ".pq")
JSON = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
# Text in JSON stays text unless all of it is ISO dates; the whole file decides on types.
READERS = {
    "Parquet": "read_parquet([{}], union_by_name = true)",
    "JSON": (
        "read_json([{}], sample_size = -1, dateformat = 'iso', timestampformat = 'iso', "
        "union_by_name = true, maximum_object_size = 64000000)"
    ),
}


@dataclass(frozen=True)
class PreparedTable:
    """Files that are read as one table; `texts` is empty unless they are text."""

    path: str
    files: tuple[Path, ...]
    kind: str
    texts: tuple[TextFile, ...]

    @classmethod
    def of(
        cls,
        path: str,
        settings: TextSettings,
        wanted: Collection[str],
        folder: Path,
        *,
        reads_others: bool = True,
    ) -> PreparedTable:
        """Find the files of a path, and how text is written; see `prepare`.

        Columns that only some files have are refused if others than the wanted ones are read, as SQL does.
        """
        files = find_files(path)
        kinds = sorted({kind_of(file) for file in files})
        if len(kinds) > 1:
            raise DataFormatError(
                f"{path} has files of several kinds: {', '.join(kinds)}. Name those of one."
            )
        texts = [prepare(file, settings, wanted, folder) for file in files] if kinds == ["text"] else []
        have_wanted = bool(wanted) and not reads_others and all(set(wanted) <= {*one.names} for one in texts)
        for one in texts[1:]:
            if set(one.names) != set(texts[0].names) and not have_wanted:
                raise DataFormatError(
                    f"{one.path} has the columns {', '.join(one.names)}, but {texts[0].path} has "
                    f"{', '.join(texts[0].names)}. Name files with the same columns; or columns that all "
                    "have, without dataset.query and dataset.where."
                )
        return cls(path, tuple(files), kinds[0], tuple(texts))

    @property
    def readable(self) -> list[Path]:
        """The files that DuckDB reads."""
        return [one.readable for one in self.texts] or list(self.files)

    @property
    def description(self) -> str:
        """How the files are read, for the log."""
        if not self.texts:
            return f"{self.path}: {self.kind}"
        more = f", and {len(self.texts) - 1} more files" if len(self.texts) > 1 else ""
        return self.texts[0].description + more

    def create(self, connection: DuckDBPyConnection, name: str) -> None:
        """Make a view with the column ROW before the others. Text that is not large is loaded for it.

        `check_count` tells whether DuckDB reads all rows of text.
        """
        numbered = f"SELECT row_number() OVER () AS {ROW}, * FROM"
        if not self.texts:
            paths = ", ".join(literal(str(file)) for file in self.files)
            connection.execute(f"CREATE VIEW {name} AS {numbered} {READERS[self.kind].format(paths)}")
            return
        is_loaded = sum(one.readable.stat().st_size for one in self.texts) <= MAX_LOADED
        parts = []
        for number, text in enumerate(self.texts):
            kind, part = "TABLE" if is_loaded else "VIEW", f"{name}_{number}"
            connection.execute(f"CREATE {kind} {part} AS SELECT * FROM {text.sql}")
            parts.append(f"SELECT row_number() OVER () + {number * ROWS} AS {ROW}, * FROM {part}")
        connection.execute(f"CREATE VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")

    @property
    def n_lines(self) -> int:
        """Number of rows of text, if all have a line of their own and no line is empty; 0 otherwise."""
        return sum(one.n_lines or 0 for one in self.texts)

    def check_count(self, n_read: int) -> None:
        """Raise DataFormatError unless as many rows of text have been read as there are."""
        if not self.texts or n_read == self.n_lines:
            return
        n_rows = sum(1 for text in self.texts for _ in text.rows())
        if n_read != n_rows:
            raise DataFormatError(
                f"{self.path}: {n_read:,} of {n_rows:,} rows are read. Write the file anew."
            )

    def explain(self) -> None:
        """Raise the error of the first wrong line of text, if there is one."""
        for text in self.texts:
            for _ in text.rows():
                pass

    def place(self, row: int) -> str:
        """Return where a row is, by its ROW."""
        if not self.texts:
            return f"{self.path if len(self.files) > 1 else self.files[0]}, row {row}"
        text = self.texts[row // ROWS]
        return f"{text.path}, line {text.line_of(row % ROWS)}"


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
    """Return text, Parquet or JSON by the ending of a file."""
    name = file.name.lower()
    if name.endswith(PARQUET):
        return "Parquet"
    return "JSON" if name.endswith(JSON) else "text"
