"""A PostgreSQL server for tests, which skip where none is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from scripts.postgresql_server import Server, postgresql_server


@contextmanager
def server_or_skip() -> Iterator[Server]:
    """Start a server; give what makes a new database and returns its URL."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgresql_server())
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield server
