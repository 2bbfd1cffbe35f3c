"""A DuckDB connection that reads the named files and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

# DuckDB's own share of the memory; larger joins and sorts go to disk.
MEMORY_LIMIT = "500MB"


@contextmanager
def locked_connection(files: Sequence[Path], spill: str) -> Iterator[DuckDBPyConnection]:
    """Open a database in memory that reaches these files, no other, no network and no extensions.

    The settings are locked, so that no statement can change them. Times without a zone are UTC. `spill` is
    a folder for what does not fit into memory.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(Path(spill) / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "python_enable_replacements": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        allowed = ", ".join(literal(str(file)) for file in files)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def count(data: DuckDBPyRelation) -> int:
    """Return the number of rows of a relation."""
    return int(data.aggregate("count(*)").fetchall()[0][0])


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
