"""The queue: what MLflow is to be told, in small files beside what the run leaves.

Jobs write, in whichever process a launcher runs them; one sender reads. Nothing is lost with a process or
with MLflow's server: a file goes away when MLflow has it.
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
REASON_FILE = "reason.txt"  # in the folder of refused entries: why MLflow refused the first of them
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
        """Make the queue and write down for whom it is, so that it can be sent without the run."""
        self._about = about
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                atomic_write(self.path / ABOUT_FILE, json.dumps(about, indent=1), OWNER_ONLY)
                return
            except FileNotFoundError:  # as in `put`
                continue

    def about(self) -> dict[str, Any]:
        """For whom it is: what `open` was given; empty where there is no queue."""
        try:
            content: dict[str, Any] = json.loads((self.path / ABOUT_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return content

    def note(self, **facts: Any) -> None:
        """Add facts to what `about` returns; None removes one."""
        if self._about is not None:  # the queue may have to be made again
            self._about = self._about | facts
        known = self.about() or self._about or {}
        about = {key: value for key, value in (known | facts).items() if value is not None}
        self.path.mkdir(parents=True, exist_ok=True)
        atomic_write(self.path / ABOUT_FILE, json.dumps(about, indent=1), OWNER_ONLY)

    @property
    def over(self) -> bool:
        """Whether the run or sweep has ended, and only the rest of its record is being sent."""
        return "word" in self.about()

    def put(self, entry: Entry) -> None:
        """Append an entry. Several processes may: a number is given once, a file is whole or not there."""
        while True:
            try:
                self._put(entry)
                break
            except FileNotFoundError:
                # The sender of an earlier sweep in this folder has just found the queue empty and removed it.
                if self._about is None:
                    raise
                self.open(self._about)
        if self._about is not None and not (self.path / ABOUT_FILE).exists():
            self.open(self._about)

    def leave(self, entry: Entry) -> bool:
        """Append an entry to the queue of another process; whether that is there to send it."""
        if not self.about():
            return False
        try:
            self._put(entry)
        except FileNotFoundError:  # it has just been sent and removed
            return False
        return True

    def _put(self, entry: Entry) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=UNFINISHED)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(entry.to_json())
            # Greater than that of each refused entry, which keeps its number and may be sent again.
            files = self.pending() + self._refused_files()
            self._link(Path(temporary), max(map(_number, files), default=0) + 1)
        finally:
            Path(temporary).unlink(missing_ok=True)

    def _link(self, file: Path, number: int) -> None:
        """Give a file a number in the queue: this one, or the next that is free."""
        while True:
            try:
                os.link(file, self.path / f"{number:06}.json")
                return
            except FileExistsError:
                number += 1

    def pending(self) -> list[Path]:
        """The files that are still to be sent, in their order."""
        return _entries_in(self.path)

    def _refused_files(self) -> list[Path]:
        return _entries_in(self.path / REFUSED_FOLDER)

    def last_sign(self) -> int:
        """When somebody last wrote into the queue, in milliseconds since 1970."""
        paths = [self.path / ABOUT_FILE, *self.pending()]
        return max(int(path.stat().st_mtime * 1000) for path in paths if path.exists())

    def refuse(self, files: list[Path], reason: str) -> Path:
        """Put aside entries that MLflow refuses, so that the others can be sent; return the folder."""
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
        """How many entries were refused, and why the first of them, as a part of a sentence."""
        count = len(self._refused_files())
        try:
            reason = (self.path / REFUSED_FOLDER / REASON_FILE).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            reason = "unknown"
        return f"{count} {'entry' if count == 1 else 'entries'} ({reason})"

    def retry_refused(self) -> None:
        """Put refused entries back into the queue, each at its former place."""
        for file in self._refused_files():
            self._link(file, _number(file))
            file.unlink()
        if (folder := self.path / REFUSED_FOLDER).exists():
            (folder / REASON_FILE).unlink(missing_ok=True)
            folder.rmdir()

    def close(self) -> None:
        """Remove the queue if nothing is left in it."""
        if self.pending() or self.refused:
            return
        # A writer that was killed has left this. One that lives notices, and writes anew.
        for path in self.path.glob(".*"):
            path.unlink(missing_ok=True)
        (self.path / ABOUT_FILE).unlink(missing_ok=True)
        try:
            self.path.rmdir()
        except OSError:
            return  # somebody has just put something in

    @contextmanager
    def sole_reader(self) -> Iterator[bool]:
        """Be the one who sends, or learn that another process is. The lock goes away with its process."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:  # the one who was here before has sent all
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
        """Whether the process of the run or sweep still lives; on another machine that is assumed."""
        about = self.about()
        return about.get("machine") != platform.node() or _lives(about["pid"])

    @staticmethod
    def writer() -> dict[str, Any]:
        """Return what `is_written` needs in `about`: which process this is."""
        return {"machine": platform.node(), "pid": os.getpid()}

    def is_taken(self) -> bool:
        """Whether another process sends it at this moment."""
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
    """Whether the open folder is still the one of this path, and was not removed since."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
