"""Write a file in one step, so that neither a reader nor a killed process ever sees half of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def atomic_write(path: Path, text: str, permissions: int = 0o666) -> None:
    """Write text, as UTF-8, to a file; an existing one is replaced. Permissions are less the umask."""
    with atomic_open(path, permissions) as file:
        file.write(text.encode())


@contextmanager
def atomic_open(path: Path, permissions: int = 0o666) -> Iterator[BinaryIO]:
    """Open a temporary file in the same folder; it replaces `path` when the block ends without an error."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, permissions)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
