"""The address of a database of feedback: a path, or a URL of SQLAlchemy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError

if TYPE_CHECKING:
    from sqlalchemy import URL

_SCHEME = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def database_url(address: str, parameter: str = "feedback") -> URL:
    """Return the URL of a database: of an SQLite file for a path, with our driver for PostgreSQL.

    Raises
    ------
    ParameterError
        If the address cannot be read, or is of another kind of database. A password in it is not shown.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    rule = "the path of an SQLite file, sqlite:///feedback.db or postgresql://user@host/database"
    if not isinstance(address, str) or not address:
        raise ParameterError(parameter, rule, address)
    if not _SCHEME.match(address):
        return make_url(f"sqlite:///{Path(address).expanduser()}")
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise ParameterError(parameter, rule, shown(address)) from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ParameterError(parameter, rule, shown(address))
    return url


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite database; None for other databases."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def shown(address: str) -> str:
    """Return an address as it may be shown: without its secrets."""
    return masked(address)


def has_plain_password(address: str) -> bool:
    """Whether a password is typed in an address of a configuration, not left to the environment."""
    return masked(address) != address
