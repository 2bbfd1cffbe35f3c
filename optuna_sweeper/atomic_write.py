"""Write a file in one step: readers, and a process that is killed, never leave or see half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

READABLE = 0o644  # a temporary file can only be read by its owner


def atomic_write(path: Path, text: str, permissions: int = READABLE) -> None:
    """Write text to a file, replacing an existing one.

    Parameters
    ----------
    path : Path
    text : str
        Written as UTF-8.
    permissions : int, optional
        0o600 for files with secrets.
    """
    with atomic_open(path, permissions) as file:
        file.write(text.encode())


@contextmanager
def atomic_open(path: Path, permissions: int = READABLE) -> Iterator[BinaryIO]:
    """Open a temporary file in the same folder; it replaces `path` when the block ends without an error."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(permissions)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
