"""A PostgreSQL server of one's own: in a temporary folder, reached by a socket in it, gone at the end."""

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
    """The server; call it with a name to make a new database and learn its URL.

    Attributes
    ----------
    programs, folder : Path
        Where its programs are, and where its socket and its data.
    account : tuple of (str, str), optional
        The user and group it runs under, if not ours.
    """

    programs: Path
    folder: Path
    account: tuple[str, str] | None

    def __call__(self, name: str) -> str:
        """Make a new database and return its URL."""
        with psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True) as server:
            server.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        query = {"host": str(self.folder)}
        return URL.create("postgresql+psycopg", USER, database=name, query=query).render_as_string(False)

    def start(self, listen: str = "") -> None:
        """Start it, on an address to `listen` at, too; after a kill, it mends what was being written."""
        options = f"-k {self.folder} -c listen_addresses='{listen}' -c fsync=off"
        self.control("-l", self.folder / "log", "-o", options, "-w", "start")

    def kill(self) -> None:
        """End all of it at once, in the middle of whatever it does."""
        self.control("-m", "immediate", "-w", "stop")

    def control(self, *words: object) -> None:
        """Call the program that starts and stops it."""
        _run(self.account, self.programs / "pg_ctl", "-D", self.folder / "data", *words)


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Start a server; give what makes a new database and returns its URL.

    Raises
    ------
    FileNotFoundError
        If no PostgreSQL is installed.
    """
    programs = _programs()
    if programs is None:
        raise FileNotFoundError("no PostgreSQL server is installed (apt-get install postgresql)")
    account = _account()
    # Not pytest's folder: the account that the server runs under could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="recsys-"))
    try:
        if account is not None:
            shutil.chown(folder, *account)
        # The folder is closed to others, so who reaches the socket may do all.
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
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
