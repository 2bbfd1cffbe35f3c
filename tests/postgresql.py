"""A PostgreSQL server of one's own: in a temporary folder, reached by a socket in it, gone at the end."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

USER = "recsys"
# Debian keeps the server's programs off the path, a folder for each version.
DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """Start a server; give what makes a new database and returns its URL. Skips where none is installed."""
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    account = _account()
    # Not pytest's folder: the account that the server runs under could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="recsys-"))
    try:
        if account is not None:
            shutil.chown(folder, *account)
        data = folder / "data"
        # The folder is closed to others, so who reaches the socket may do all.
        _run(account, programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(account, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield lambda name: _database(folder, name)
        finally:
            _run(account, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """Return the folder of the latest version's programs."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    versions = [path.parent for path in DEBIAN.glob("*/bin/pg_ctl")]
    return max(versions, key=lambda path: int(re.sub(r"\D", "", path.parent.name)), default=None)


def _account() -> tuple[str, str] | None:
    """Return who the server runs under, where that cannot be us: it refuses root."""
    return ("nobody", "nogroup") if os.geteuid() == 0 else None


def _run(account: tuple[str, str] | None, *command: object) -> None:
    user, group = account or (None, None)
    done = subprocess.run(
        [str(word) for word in command],
        user=user, group=group, extra_groups=[] if account else None, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def _database(folder: Path, name: str) -> str:
    with psycopg.connect(host=str(folder), user=USER, dbname="postgres", autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    query = {"host": str(folder)}
    return URL.create("postgresql+psycopg", USER, database=name, query=query).render_as_string(False)
