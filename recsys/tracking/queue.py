"""Queue of entries for MLflow, as small files in the folder of a run or sweep.

Jobs write, in any process; one sender reads. A file is deleted only after MLflow has stored its entry, so
nothing is lost if a process or MLflow's server dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write
from recsys.tracking.entry import Entry

QUEUE_FOLDER, ABOUT_FILE, REFUSED_FOLDER = ".mlflow-queue", "about.json", "refused"
REASON_FILE = "reason.txt"  # in the folder of refused entries: the error of the first
UNFINISHED = ".entry-"  # prefix of entries that are being written
OWNER_ONLY = 0o600  # the address may hold a password


class Queue:
    """The queue of a run's or a sweep's folder.

    Parameters
    ----------
    folder : Path
        The folder of the run or sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / QUEUE_FOLDER
        self._about: dict[str, Any] | None = None

    def open(self, about: dict[str, Any]) -> None:
        """Create the queue with the facts that are needed to send it without the run."""
        self._about = about
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                atomic_write(self.path / ABOUT_FILE, json.dumps(about, indent=1), OWNER_ONLY)
                return
            except FileNotFoundError:  # as in `put`
                continue

    def about(self) -> dict[str, Any]:
        """Return the facts that `open` was given; empty if there is no queue."""
        try:
            content: dict[str, Any] = json.loads((self.path / ABOUT_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return content

    def note(self, **facts: Any) -> None:
        """Add to the facts of the queue; None removes one."""
        if self._about is not None:  # `put` may have to create the queue again
            self._about = self._about | facts
        known = self.about() or self._about or {}
        about = {key: value for key, value in (known | facts).items() if value is not None}
        self.path.mkdir(parents=True, exist_ok=True)
        atomic_write(self.path / ABOUT_FILE, json.dumps(about, indent=1), OWNER_ONLY)

    @property
    def over(self) -> bool:
        """Whether the run or sweep has ended; the rest of its entries may still be sent."""
        return "word" in self.about()

    def put(self, entry: Entry) -> None:
        """Append an entry, atomically; several processes may do so at once."""
        while True:
            try:
                self._put(entry)
                break
            except FileNotFoundError:
                # The sender of an earlier sweep in this folder has removed the empty queue.
                if self._about is None:
                    raise
                self.open(self._about)
        if self._about is not None and not (self.path / ABOUT_FILE).exists():
            self.open(self._about)

    def leave(self, entry: Entry) -> bool:
        """Append an entry to the queue of another process; return False if that queue is gone."""
        if not self.about():
            return False
        try:
            self._put(entry)
        except FileNotFoundError:  # sent and removed meanwhile
            return False
        return True

    def _put(self, entry: Entry) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=UNFINISHED)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(entry.to_json())
            # Above the numbers of refused entries, which may be sent again.
            files = self.pending() + self._refused_files()
            self._link(Path(temporary), max(map(_number, files), default=0) + 1)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def _link(self, file: Path, number: int) -> None:
        """Add a file under a number, or the next free one."""
        while True:
            try:
                os.link(file, self.path / f"{number:06}.json")
                return
            except FileExistsError:
                number += 1

    def pending(self) -> list[Path]:
        """Return the files to be sent, in order."""
        return _entries_in(self.path)

    def _refused_files(self) -> list[Path]:
        return _entries_in(self.path / REFUSED_FOLDER)

    def last_sign(self) -> int:
        """Return the time of the last write into the queue, in milliseconds since 1970."""
        paths = [self.path / ABOUT_FILE, *self.pending()]
        return max(int(path.stat().st_mtime * 1000) for path in paths if path.exists())

    def refuse(self, files: list[Path], reason: str) -> Path:
        """Move entries that MLflow refuses to a folder, and return it, so that the others can be sent."""
        folder = self.path / REFUSED_FOLDER
        folder.mkdir(exist_ok=True)
        if not (folder / REASON_FILE).exists():
            (folder / REASON_FILE).write_text(reason + "\n", encoding="utf-8")
        for file in files:
            file.rename(folder / file.name)
        return folder

    @property
    def refused(self) -> Path | None:
        """The folder of refused entries, if there are any."""
        return self.path / REFUSED_FOLDER if self._refused_files() else None

    def refusals(self) -> str:
        """Return the number of refused entries and the first error, as part of a sentence."""
        count = len(self._refused_files())
        try:
            reason = (self.path / REFUSED_FOLDER / REASON_FILE).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            reason = "unknown"
        return f"{count} {'entry' if count == 1 else 'entries'} ({reason})"

    def retry_refused(self) -> None:
        """Move refused entries back into the queue, with their numbers."""
        for file in self._refused_files():
            self._link(file, _number(file))
            file.unlink()
        if (folder := self.path / REFUSED_FOLDER).exists():
            (folder / REASON_FILE).unlink(missing_ok=True)
            folder.rmdir()

    def close(self) -> None:
        """Remove the queue if it is empty."""
        if self.pending() or self.refused:
            return
        # Left by a writer that was killed; one that is still running writes again.
        for path in self.path.glob(".*"):
            path.unlink(missing_ok=True)
        (self.path / ABOUT_FILE).unlink(missing_ok=True)
        try:
            self.path.rmdir()
        except OSError:
            return  # an entry was added meanwhile

    @contextmanager
    def sole_reader(self) -> Iterator[bool]:
        """Take the lock of the sender, which its process releases at its end; yield whether it was free."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:  # sent and removed
            yield False
            return
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield _is_at(handle, self.path)
        finally:
            os.close(handle)

    def is_written(self) -> bool:
        """Whether the process of the run or sweep is running; assumed on another machine."""
        about = self.about()
        return about.get("machine") != platform.node() or _lives(about["pid"])

    @staticmethod
    def writer() -> dict[str, Any]:
        """Return the facts about this process that `is_written` needs."""
        return {"machine": platform.node(), "pid": os.getpid()}

    def is_taken(self) -> bool:
        """Whether another process is sending the queue."""
        with self.sole_reader() as alone:
            return not alone and self.path.exists()


def find_queues(folders: list[Path]) -> list[Queue]:
    """Find the queues in and below some folders."""
    found = {path.parent for folder in folders for path in folder.rglob(QUEUE_FOLDER)}
    return [Queue(folder) for folder in sorted(found)]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:  # of another user; or a system without /proc
        return True
    return state not in "ZX"


def _entries_in(folder: Path) -> list[Path]:
    """Return the files of entries in a folder, in the order of their numbers."""
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return []
    files = [path for path in paths if path.name[:1].isdigit() and path.suffix == ".json"]
    return sorted(files, key=_number)


def _number(file: Path) -> int:
    return int(file.stem)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open folder is still the one at this path."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
