"""The address of a feedback database: a path, or a URL of SQLAlchemy."""

import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from recsys.errors import ParameterError

_SCHEME = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def database_url(address: str, parameter: str = "feedback") -> URL:
    """Return the URL of an SQLite file for a path, and PostgreSQL URLs with the installed driver.

    Raises
    ------
    ParameterError
        If the address is invalid, or is of another kind of database.
    """
    rule = "the path of an SQLite file, sqlite:///feedback.db or postgresql://user@host/database"
    error = ParameterError(parameter, rule, address)
    if not isinstance(address, str) or not address:
        raise error
    if not _SCHEME.match(address):
        return make_url(f"sqlite:///{Path(address).expanduser()}")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise error from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise error
    return url


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database, None for other databases."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None
