"""A journal file that outlives the death of any of its writers."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)


class JournalFile(JournalFileBackend):
    """Optuna's journal file, locked by the operating system and mended after a torn write.

    Optuna's lock is a file of its own, which a killed process leaves behind and the others then wait for. The
    lock of the operating system (where there is one) ends with the process. And a process that is killed
    while it writes leaves half a line; nobody was told that it was written, so the next writer moves it
    aside, into ``<journal>.torn``, rather than spoil its own line.
    """

    def __init__(self, file_path: str) -> None:
        super().__init__(file_path, JournalFileOpenLock(file_path))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations, whole or not at all."""
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with self._locked() as file:
            self._mend(file)
            file.seek(0, os.SEEK_END)
            # One unbuffered write. It is not forced to the disk: what a process wrote survives its death.
            if file.write(lines) != len(lines):
                raise OSError(f"{self._file_path} could not be written: the disk is full")

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        with Path(self._file_path).open("r+b", buffering=0) as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)  # ends when the file is closed
                yield file
                return
            self._lock.acquire()
            try:
                yield file
            finally:
                self._lock.release()

    def _mend(self, file: BinaryIO) -> None:
        size = file.seek(0, os.SEEK_END)
        start = size
        tail = b""
        while start and not tail.count(b"\n"):
            start = max(0, start - 65536)
            file.seek(start)
            tail = file.read(size - start)
            if tail.endswith(b"\n"):
                return
        torn = tail.rpartition(b"\n")[2]
        if torn:
            with Path(f"{self._file_path}.torn").open("ab") as aside:
                aside.write(torn + b"\n")
            file.truncate(size - len(torn))
            log.warning("%s ended in half a line, which was moved to %s.torn", *[self._file_path] * 2)
