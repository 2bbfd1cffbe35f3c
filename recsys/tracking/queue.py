"""Queue of entries for MLflow, as small files in the folder of a run or sweep.

Jobs write, in any process; one sender reads. A file is deleted only after MLflow has stored its entry, so
nothing is lost if a process or MLflow's server dies.
"""

import json
import os
import shlex
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.safe_text import masked
from optuna_sweeper.study.storage_file import storage_file
from optuna_sweeper.workers.process import process_start, this_machine
from recsys.mlflow_store.address import configured_address, is_same
from recsys.runs.folder_lock import folder_lock
from recsys.tracking.entry import Entry

QUEUE_FOLDER, ABOUT_FILE, REFUSED_FOLDER = ".mlflow-queue", "about.json", "refused"
REASON_FILE = "reason.txt"  # in the folder of refused entries: the error of the first
UNFINISHED = ".entry-"  # prefix of entries that are being written
OWNER_ONLY = 0o600  # the address may hold a password


class Queue:
    """The queue in the folder of a run or sweep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / QUEUE_FOLDER
        self._about: dict[str, Any] | None = None  # of the writer, who may have to create the queue again

    def open(self, about: dict[str, Any]) -> None:
        """Create the queue with the facts that are needed to send it without the run."""
        self._about = about
        self._write_about(about)

    def about(self) -> dict[str, Any]:
        """Return the facts that `open` was given; empty if there is no queue."""
        try:
            content: dict[str, Any] = json.loads((self.path / ABOUT_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return content

    def note(self, **facts: Any) -> None:
        """Add to the facts of the queue; None removes one."""
        if self._about is not None:
            self._about = self._about | facts
        known = (self.about() or self._about or {}) | facts
        self._write_about({key: value for key, value in known.items() if value is not None})

    def _write_about(self, about: dict[str, Any]) -> None:
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                atomic_write(self.path / ABOUT_FILE, json.dumps(about, indent=1), OWNER_ONLY)
                return
            except FileNotFoundError:  # removed meanwhile, as in `put`
                continue

    @property
    def over(self) -> bool:
        """Whether the run or sweep has ended; the rest of its entries may still be sent."""
        return "word" in self.about()

    def put(self, entry: Entry) -> None:
        """Append an entry, atomically; several processes may do so at once."""
        while not self._is_put(entry):
            # The sender of an earlier sweep in this folder has removed the empty queue.
            if self._about is None:
                raise FileNotFoundError(self.path)
            self.open(self._about)
        if self._about is not None and not (self.path / ABOUT_FILE).exists():
            self.open(self._about)

    def leave(self, entry: Entry) -> bool:
        """Append an entry to the queue of another process; return False if that queue is gone."""
        return bool(self.about()) and self._is_put(entry)

    def _is_put(self, entry: Entry) -> bool:
        """Append an entry; return False if the queue was removed."""
        try:
            handle, temporary = tempfile.mkstemp(dir=self.path, prefix=UNFINISHED)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(entry.to_json())
                # Above the numbers of refused entries, which may be sent again.
                files = self.pending() + self.refused_files()
                self._link(Path(temporary), max(map(_number, files), default=0) + 1)
            finally:
                Path(temporary).unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        return True

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

    def refused_files(self) -> list[Path]:
        """Return the files that MLflow has refused, in order."""
        return _entries_in(self.path / REFUSED_FOLDER)

    def last_sign(self) -> int:
        """Return the time of the last write into the queue, in milliseconds since 1970."""
        paths = [self.path / ABOUT_FILE, *self.pending()]
        return max(int(path.stat().st_mtime * 1000) for path in paths if path.exists())

    def refuse(self, files: list[Path], reason: str) -> None:
        """Move entries that MLflow refuses to a folder, so that the others can be sent."""
        folder = self.path / REFUSED_FOLDER
        folder.mkdir(exist_ok=True)
        if not (folder / REASON_FILE).exists():
            (folder / REASON_FILE).write_text(reason + "\n", encoding="utf-8")
        for file in files:
            file.rename(folder / file.name)

    @property
    def refused(self) -> Path | None:
        """The folder of refused entries, if there are any."""
        return self.path / REFUSED_FOLDER if self.refused_files() else None

    def refusals(self) -> str:
        """Return the number of refused entries and the first error, as part of a sentence."""
        count, reason = len(self.refused_files()), self.path / REFUSED_FOLDER / REASON_FILE
        text = reason.read_text(encoding="utf-8").strip() if reason.exists() else "unknown"
        return f"{count} {'entry' if count == 1 else 'entries'} ({text})"

    def retry_refused(self) -> None:
        """Move refused entries back into the queue, with their numbers."""
        for file in self.refused_files():
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
        for path in [*self.path.glob(".*"), self.path / ABOUT_FILE]:
            path.unlink(missing_ok=True)
        try:
            self.path.rmdir()
        except OSError:
            return  # an entry was added meanwhile

    def sole_reader(self) -> AbstractContextManager[bool]:
        """Take the lock of the sender, which its process releases at its end; yield whether it was free."""
        return folder_lock(self.path, wait=False)

    def sync_command(self) -> str:
        """Return the command that sends the queue."""
        configured = configured_address()
        address = self.about().get("tracking_uri", configured)
        option = [] if is_same(address, configured) else ["--tracking-uri", masked(address)]
        if storage := self.foreign_storage():
            option += ["--storage", masked(storage)]
        return shlex.join(["python", "-m", "recsys", "sync", str(self.folder), *option])

    def foreign_storage(self) -> str | None:
        """Return the storage of the study unless it is a file in the folder or below the current one."""
        study = self.about().get("study")
        if study is None:
            return None
        file = storage_file(study["storage"], Path(study["base"]))
        near = file is not None and any(
            file.resolve().is_relative_to(folder.resolve()) for folder in (self.folder, Path.cwd())
        )
        return None if near else str(study["storage"])

    def is_written(self) -> bool:
        """Whether the process of the run or sweep is running; assumed on another machine."""
        about = self.about()
        return about.get("machine") != this_machine() or process_start(about["pid"]) is not None

    @staticmethod
    def writer() -> dict[str, Any]:
        """Return the facts about this process that `is_written` needs."""
        return {"machine": this_machine(), "pid": os.getpid()}

    def is_taken(self) -> bool:
        """Whether another process is sending the queue."""
        with self.sole_reader() as alone:
            return not alone and self.path.exists()


def find_queues(folders: list[Path]) -> list[Queue]:
    """Find the queues in and below some folders."""
    found = {path.parent for folder in folders for path in folder.rglob(QUEUE_FOLDER)}
    return [Queue(folder) for folder in sorted(found)]


def _entries_in(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if path.name[0].isdigit() and path.suffix == ".json"]
    except FileNotFoundError:
        return []
    return sorted(files, key=_number)


def _number(file: Path) -> int:
    return int(file.stem)
