"""The sender: a process that empties a queue into MLflow while the run or sweep goes on.

A process of its own, not a thread: to import MLflow and to talk to it would hold up the trials of a thread's
process, and a process that was killed could not even say so. This one notices when its pipe closes.
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from recsys.tracking.address import masked
from recsys.tracking.entry import FAILED, KILLED, End, Entry
from recsys.tracking.queue import QUEUE_FOLDER, Queue
from recsys.tracking.record import Record
from recsys.tracking.sweep_run import SweepRun
from recsys.trials import read_trials

log = logging.getLogger(__name__)

LOOK_EVERY, RETRY_AFTER = 0.1, 5.0  # seconds
UPDATE_EVERY = 1.0  # seconds; a sweep's own run says the same of one trial more as of ten
TRIES = 3  # of an entry that MLflow refuses

_MULTIRUN = Path("multirun")

# MLflow will say the same tomorrow; what else it says may be the weather.
FINAL_ANSWERS = {
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"
}  # fmt: skip


@dataclass
class Sender:
    """Sends one queue.

    Attributes
    ----------
    queue : Queue
    tell : callable
        Called with a line for the user when something is wrong.
    """

    queue: Queue
    tell: Callable[[str], None]
    record: Record = field(init=False)
    sweep: SweepRun | None = field(init=False, default=None)
    _reachable: bool = field(init=False, default=True)
    _asked_at: float = field(init=False, default=float("-inf"))
    _updated_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        about = self.queue.about()
        self.record = Record(about["tracking_uri"], about["experiment_name"], self.queue.folder)
        if about.get("sweep"):
            self.sweep = SweepRun(self.queue, **about["sweep"])

    def follow(self, pipe: int) -> bool:
        """Send what comes until the other end of the pipe is closed; whether all was sent."""
        if self.queue.over:  # so said the one before, in a folder that is used again
            self.queue.over = False
        said = b""
        while True:
            self._look()
            if select.select([pipe], [], [], LOOK_EVERY)[0]:
                received = os.read(pipe, 64)
                said += received
                if not received:
                    return self.finish(said.decode().strip())

    def finish(self, word: str, time: int | None = None) -> bool:
        """Send what is left, and end what the run or sweep has left open; whether all was sent.

        Parameters
        ----------
        word : str
            What the run or sweep said as it ended; empty if it was killed.
        time : int, optional
            When that was, in milliseconds since 1970; by default now.
        """
        now = _now() if time is None else time
        self._end_open_runs(now)
        if self.sweep is not None:
            self._send_earlier()
            self.queue.over = True  # of two that end at once, one must not wait for the other's word
            alone = not any(map(_is_at_work, self._siblings()))
            self.sweep.finish(word, now, alone=alone)
        sent = self._send_all()
        if self.sweep is not None and sent:
            self._send_earlier()  # what was left to others, should they be gone by now
        return sent

    def rest(self) -> bool:
        """Send what a run or sweep that is over has left behind; whether all was sent."""
        self._end_open_runs(_now())
        return self._send_all()

    def send(self) -> bool:
        """Send what waits, in order; whether all was sent."""
        while files := self.queue.pending():
            if not self._send_next(files):
                return False
        return True

    def _look(self) -> None:
        if self.sweep is not None and time.monotonic() - self._updated_at > UPDATE_EVERY:
            self._updated_at = time.monotonic()
            first = not self.sweep.checked
            self.sweep.update()
            if first and self.sweep.checked:
                self._send_earlier()
        if self._reachable or time.monotonic() - self._asked_at > RETRY_AFTER:
            self.send()

    def _send_all(self) -> bool:
        while self.send():
            self.queue.close()
            if not self.queue.pending():  # else another process has left something in between
                return not self.queue.refused
        return False

    def _end_open_runs(self, now: int) -> None:
        """End what was started and not ended; the run of a sweep has its own last word.

        A study calls a trial failed whose process is gone. Who continues it may have said so already.
        """
        status = FAILED if self.sweep is not None and self.sweep.study else KILLED
        opened = dict.fromkeys(self.record.open_runs)
        for file in self.queue.pending():
            entry = _read(file)
            if entry is None:
                continue
            if entry.start:
                opened[entry.run] = None
            if entry.end:
                opened.pop(entry.run, None)
        for run in opened:
            if self.sweep is None or run != self.sweep.run:
                self.queue.put(Entry(run, end=End(status, now)))

    def _send_next(self, files: list[Path]) -> bool:
        """Send the first entry, with those that go into the same request; whether MLflow answered."""
        taken = files[:1]
        entry = None
        try:
            entry = Entry.from_json(files[0].read_text(encoding="utf-8"))
            for file in files[1:]:
                other = _read(file)
                both = entry.followed_by(other) if other else None
                if both is None:
                    break
                entry = both
                taken.append(file)
            self._apply(entry)
        except Exception as error:
            if not is_final(error):
                self._lost(error)
                return False
            if len(taken) > 1:  # only one of them may be to blame
                return self._send_next(files[:1])
            folder = self.queue.refuse(taken)
            log.error("MLflow refuses an entry", exc_info=error)
            self.tell(f"MLflow refuses a part of the record ({_line(error)}). It is kept in {folder}.")
            if entry is not None and entry.end:
                self._end_without(entry)
            return True
        for file in taken:
            file.unlink()
        if not self._reachable:
            self.tell(f"MLflow answers again at {masked(self.record.tracking_uri)}.")
        self._reachable = True
        return True

    def _apply(self, entry: Entry) -> None:
        """Put an entry on record; what MLflow refuses is asked again before it counts as refused.

        When two processes at a study say the same about its run at the same time, it refuses the second.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                return self.record.apply(entry)
            except Exception as error:
                if not (tries_left and is_final(error)):
                    raise

    def _end_without(self, entry: Entry) -> None:
        """End a run whose last words were refused: it must not be running for ever."""
        try:
            self.record.apply(Entry(entry.run, n_trials=entry.n_trials, end=entry.end))
        except Exception as error:
            log.error("MLflow refuses to end the run %s", entry.run, exc_info=error)

    def _lost(self, error: Exception) -> None:
        """Say once that MLflow does not answer."""
        if self._reachable:
            where, why = masked(self.record.tracking_uri), masked(_line(error))
            self.tell(
                f"MLflow cannot be reached at {where} ({why}). The trials go on; "
                f"their record waits in {self.queue.path}."
            )
        self._reachable, self._asked_at = False, time.monotonic()

    def _send_earlier(self) -> None:
        """Send what earlier sweeps of this study have left behind: it comes before what this one says."""
        for queue in self._siblings():
            send_folder(queue, self.tell, last_word=False)

    def _siblings(self) -> list[Queue]:
        """The queues of other sweeps of this study."""
        jobs = (trial.job_dir for trial in read_trials(self.queue.folder) if trial.job_dir)
        # A sweep that was killed in its first job is in no table: look where sweeps usually are, too.
        near = [*self.queue.folder.parent.glob(f"*/{QUEUE_FOLDER}"), *_MULTIRUN.glob(f"*/*/{QUEUE_FOLDER}")]
        folders = {job.parent for job in jobs} | {path.parent.resolve() for path in near}
        queues = map(Queue, sorted(folders - {self.queue.folder}))
        run = self.sweep.run if self.sweep is not None else None
        return [queue for queue in queues if run and queue.about().get("sweep", {}).get("run") == run]


def _is_at_work(queue: Queue) -> bool:
    """Whether another process sends this queue, and will go on."""
    with queue.sole_reader() as alone:
        return not alone and bool(queue.about()) and not queue.over


def send_folder(queue: Queue, tell: Callable[[str], None], *, last_word: bool = True) -> bool:
    """Send the queue of a run or sweep that is over, unless another process does; whether all was sent.

    `last_word` says that a sweep which was cut before it could say how it ended shall say so now.
    """
    with queue.sole_reader() as alone:
        if not queue.about():  # closed by the one who was here before
            return not queue.pending()
        if not alone and last_word:
            tell(f"Another process is sending {queue.path}.")
        if not alone:
            return False
        sender = Sender(queue, tell)
        if last_word and sender.sweep is not None and not _was_ended(queue):
            return sender.finish("", queue.last_sign())
        return sender.rest()


def _was_ended(queue: Queue) -> bool:
    """Whether the last word of a sweep is in the queue."""
    last = next((_read(file) for file in reversed(queue.pending())), None)
    return last is not None and last.link_results


def _now() -> int:
    return int(time.time() * 1000)


def _read(file: Path) -> Entry | None:
    """Read an entry; none where the file is damaged, which is told when its turn comes."""
    try:
        return Entry.from_json(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        return None


def is_final(error: Exception) -> bool:
    """Whether the same entry would fail again however often it is sent."""
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in FINAL_ANSWERS
    return isinstance(error, KeyError | ValueError | TypeError | AttributeError)


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
