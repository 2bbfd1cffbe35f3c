"""A temporary PostgreSQL server, reached through a socket in its own folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

USER = "recsys"
# Debian keeps the server's programs off the path, a folder for each version.
DEBIAN = Path("/usr/lib/postgresql")


@dataclass
class Server:
    """The server; a call with a name creates a database and returns its URL.

    Attributes
    ----------
    programs, folder : Path
        Folder of its programs, and folder of its socket and data.
    account : tuple of (str, str), optional
        User and group of the server, if not ours.
    """

    programs: Path
    folder: Path
    account: tuple[str, str] | None

    def __call__(self, name: str) -> str:
        """Create a database and return its URL."""
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as server:
            server.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        query = {"host": str(self.folder)}
        return URL.create("postgresql+psycopg", USER, database=name, query=query).render_as_string(False)

    def start(self, listen: str = "") -> None:
        """Start the server, also on the address `listen`; after a kill it recovers."""
        options = f"-k {self.folder} -c listen_addresses='{listen}' -c fsync=off"
        self.control("-l", self.folder / "log", "-o", options, "-w", "start")

    def kill(self) -> None:
        """Kill all processes of the server."""
        self.control("-m", "immediate", "-w", "stop")

    def control(self, *words: object) -> None:
        """Call pg_ctl."""
        _run(self.account, self.programs / "pg_ctl", "-D", self.folder / "data", *words)


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Start a server and stop it at the end.

    Raises
    ------
    FileNotFoundError
        If no PostgreSQL is installed.
    """
    programs = _programs()
    if programs is None:
        raise FileNotFoundError("no PostgreSQL server is installed (apt-get install postgresql)")
    account = _account()
    # Outside pytest's folder, which the account of the server cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="recsys-"))
    try:
        if account is not None:
            shutil.chown(folder, *account)
        # The folder is closed to others, so that every connection may be trusted.
        initdb = (programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8")
        _run(account, *initdb, "--no-sync")
        server = Server(programs, folder, account)
        try:
            server.start()
            yield server
        finally:
            if (folder / "data/postmaster.pid").exists():
                server.kill()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path | None:
    """Return the folder of the programs of the latest version."""
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    versions = [path.parent for path in DEBIAN.glob("*/bin/pg_ctl")]
    return max(versions, key=lambda path: int(re.sub(r"\D", "", path.parent.name)), default=None)


def _account() -> tuple[str, str] | None:
    """Return the account of the server where it cannot be ours: PostgreSQL refuses root."""
    return ("nobody", "nogroup") if os.geteuid() == 0 else None


def _run(account: tuple[str, str] | None, *command: object) -> None:
    user, group = account or (None, None)
    done = subprocess.run(
        [str(word) for word in command],
        user=user, group=group, extra_groups=[] if account else None, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
