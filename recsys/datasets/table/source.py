"""Sources of tables: an open source gives a DuckDB relation, whose columns layouts and checks read.

Values of text files and databases are text in the relation; Parquet and JSON keep their types. What a column
holds is decided later, by its role: DuckDB's own conversions turn the ids "1.5" and "0x10" into 2 and 16.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

# Name of the column that tells where a row is; layouts pass it on. It costs nothing where it is not used.
ROW = "recsys_row"
# ROW is the number of the row in its file, plus this times the position of the file.
ROWS = 2**40


@dataclass(frozen=True, eq=False)
class OpenTable:
    """An open table.

    Parameters
    ----------
    relation : DuckDBPyRelation
        The columns of the table, and ROW.
    place : callable
        Returns where a row is, by its ROW: "sales.csv, line 7".
    n_rows : int
        Estimate of the number of rows.
    check_count : callable, optional
        Raises DataFormatError unless this is the number of rows; None if that has been checked.
    n_files : int
        Number of files of which ROW tells the rows apart, by `ROWS`.
    """

    relation: DuckDBPyRelation
    place: Callable[[int], str]
    n_rows: int = 0
    check_count: Callable[[int], None] | None = None
    n_files: int = 1


class Source(Protocol):
    """Where a table is."""

    def open(self, wanted: Collection[str], *, lines: bool = False) -> AbstractContextManager[OpenTable]:
        """Open the table; its relation is valid until the end of the context.

        Parameters
        ----------
        wanted : collection of str
            Columns that the table should have; a hint on how to read it.
        lines : bool
            Give the lines of text files instead of their columns: `line` (its number) and `text`.
        """
        ...

    @property
    def label(self) -> str:
        """What the table is called in messages: its path, or its database."""

    @property
    def where(self) -> str | None:
        """The condition on the rows."""

    def files(self) -> dict[str, list[Path]]:
        """Return the files that are read, by role."""
        ...
