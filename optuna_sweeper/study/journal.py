"""A journal file that is robust to killed writers."""

import errno
import json
import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.storages.journal._storage import JournalOperation

from optuna_sweeper.errors import SweepError, unwritable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

_KNOWN = frozenset(map(int, JournalOperation))

# How each line begins.
_BEGINNING = b'{"op_code":'


class JournalFile(JournalFileBackend):
    """Optuna's journal file, locked by the operating system and repaired after an incomplete write.

    Optuna's lock is a file, which a killed process leaves behind; the operating system's ends with the
    process. A process killed amid a write leaves an incomplete line, which was never confirmed: the next
    writer moves it into ``<journal>.torn``. Any other line that cannot be read is refused.
    """

    def __init__(self, file_path: str) -> None:
        super().__init__(file_path, JournalFileOpenLock(file_path))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Read the operations from this number on, but not an incomplete last line."""
        offsets = self._log_number_offset
        number = log_number_from if log_number_from in offsets else 0
        with Path(self._file_path).open("rb") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_SH)  # a writer may be removing the end of the file
            file.seek(offsets[number])
            lines = file.readlines()
        for line in lines:
            if not line.endswith(b"\n"):
                if not _is_torn(line):
                    raise self._damage(number, line)
                return
            operation = self._operation(number, line)
            offsets[number + 1] = offsets[number] + len(line)
            if number >= log_number_from:
                yield operation
            number += 1

    def _operation(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            operation: dict[str, Any] = json.loads(line)
            code = operation["op_code"]
        except (ValueError, TypeError, KeyError) as error:
            raise self._damage(number, line) from error
        if code not in _KNOWN:
            raise SweepError(
                f"{self._file_path}, line {number + 1}: operation {code!r} is not known to Optuna "
                f"{optuna.__version__}; a newer one wrote it. Run: pip install -U optuna"
            )
        return operation

    def _damage(self, number: int, line: bytes) -> SweepError:
        return SweepError(
            f"{self._file_path}, line {number + 1} is not that of a journal, or was damaged: {line[:40]!r}. "
            "Nothing was changed. Name another file, or restore this one; to give up all from that line on: "
            f"head -n {number} {shlex.quote(self._file_path)} > restored.log"
        )

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations, all or none."""
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        try:
            with self._locked() as file:
                end = self._repair(file)
                try:
                    # One unbuffered write without fsync: written data survives the process, which is enough.
                    if file.write(lines) != len(lines):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                except OSError:
                    file.truncate(end)
                    raise
        except OSError as error:
            raise unwritable(self._file_path, error) from error

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

    def _repair(self, file: BinaryIO) -> int:
        """Move an incomplete last line aside; return the end of the file, which is the position."""
        start = end = file.seek(0, os.SEEK_END)
        tail = b""
        while start and b"\n" not in tail:
            start = max(0, start - 65536)
            file.seek(start)
            tail = file.read(end - start)
        torn = tail.rpartition(b"\n")[2]
        if torn:
            with Path(f"{self._file_path}.torn").open("ab") as aside:
                aside.write(torn + b"\n")
            file.truncate(end - len(torn))
            log.warning("%s ended in half a line, which was moved to %s.torn", *[self._file_path] * 2)
        return file.seek(end - len(torn))


def _is_torn(line: bytes) -> bool:
    """Whether the end of a file can be an incomplete line; a power failure leaves zeros."""
    line = line.rstrip(b"\0")
    return line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
