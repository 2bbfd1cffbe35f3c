"""The sender: a process that empties a queue into MLflow while the run or sweep goes on.

A process of its own, not a thread: to import MLflow and to talk to it would hold up the trials of a thread's
process, and a process that was killed could not even say so. This one notices when its pipe closes.
"""

from __future__ import annotations

import logging
import os
import re
import select
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError
from recsys.runs.trials import read_trials
from recsys.tracking.entry import FAILED, KILLED, End, Entry
from recsys.tracking.experiment import Destination
from recsys.tracking.queue import QUEUE_FOLDER, Queue
from recsys.tracking.record import Record
from recsys.tracking.sweep_run import SweepRun

log = logging.getLogger(__name__)

LOOK_EVERY, RETRY_AFTER = 0.1, 5.0  # seconds
LONGEST_EXIT = 5.0  # seconds that a killed process may need to go away
RETRY_AT_END = 1.0  # seconds between attempts when nothing but the record is left to do
UPDATE_EVERY = 1.0  # seconds; a sweep's own run says the same of one trial more as of ten
TRIES = 3  # of an entry that MLflow refuses

_MULTIRUN = Path("multirun")

# Error codes of MLflow that another attempt does not change; all others may be temporary.
FINAL_ANSWERS = {
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED",
}  # fmt: skip
# What databases and MLflow say without such a code.
FINAL_MESSAGES = re.compile(
    "Detected out-of-date database schema|authentication failed|no pg_hba.conf entry"
    "|(database|role) .+ does not exist|Access denied for user|Can't load plugin: sqlalchemy"
)
CREDENTIALS = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}


@dataclass
class Sender:
    """Sends one queue.

    Attributes
    ----------
    queue : Queue
    tell : callable
        Called with a line for the user when something is wrong.
    clock, sleep : callable
        Time, in seconds.
    """

    queue: Queue
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    record: Record = field(init=False)
    sweep: SweepRun | None = field(init=False, default=None)
    _reachable: bool = field(init=False, default=True)
    _asked_at: float = field(init=False, default=float("-inf"))
    _updated_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        about = self.queue.about()
        given = (about.get(key) for key in ("experiment_name", "experiment_id", "run_id"))
        self.record = Record(about["tracking_uri"], Destination(*given), self.queue.folder)
        if about.get("sweep"):
            self.sweep = SweepRun(self.queue, **about["sweep"])

    def check(self) -> str | None:
        """Ask MLflow for the experiment before anything is run.

        Returns
        -------
        str or None
            Why MLflow refuses the record; None if it does not, or cannot be reached.
        """
        try:
            self.record.experiment  # noqa: B018  # a property that asks
        except Exception as error:
            if is_final(error):
                return _refusal(error, self.record.tracking_uri)
            self._lost(error)
        return None

    def destination(self) -> dict[str, str]:
        """Where runs are recorded, as far as MLflow has answered: `experiment_id` and `experiment_name`."""
        if "experiment" not in self.record.__dict__:
            return {}
        experiment = self.record.experiment
        return {"experiment_id": experiment.experiment_id, "experiment_name": experiment.name}

    def follow(self, pipe: int, patience: float = 0.0, parent: int | None = None) -> bool:
        """Send what comes until the other end of the pipe is closed; whether all was sent.

        Parameters
        ----------
        pipe : int
            A file descriptor; what is written there is how the run or sweep ended.
        patience : float
            Seconds to wait for MLflow after that.
        parent : int, optional
            The id of the process of the run or sweep, where it is this one's parent.
        """
        if self.queue.over:  # an earlier sweep in this folder has ended
            self.queue.note(word=None, ended_at=None)
        said = b""
        while True:
            self._look()
            if select.select([pipe], [], [], LOOK_EVERY)[0]:
                received = os.read(pipe, 64)
                said += received
                if not received:
                    if not said:
                        self._wait_for_exit(parent)
                    return self.finish(said.decode().strip(), patience=patience)

    def _wait_for_exit(self, parent: int | None) -> None:
        """Wait until a process that was killed is gone: its pipe is closed a moment before."""
        deadline = self.clock() + LONGEST_EXIT
        while os.getppid() == parent and self.clock() < deadline:
            self.sleep(LOOK_EVERY)

    def finish(self, word: str, time: int | None = None, patience: float = 0.0) -> bool:
        """Send what is left, and end what the run or sweep has left open; whether all was sent.

        Parameters
        ----------
        word : str
            What the run or sweep said as it ended; empty if it was killed.
        time : int, optional
            When that was, in milliseconds since 1970; by default now.
        patience : float
            Seconds to wait for MLflow.
        """
        now = _now() if time is None else time
        # From here on, of two that end at once, one must not wait for the other's last word.
        self.queue.note(word=word, ended_at=now)
        settled = True
        if not word and self.sweep is not None:
            settled = self._settle_study()
        started = self.sweep is not None and self._is_started(self.sweep.run)
        self._end_open_runs(now)
        if self.sweep is not None and started:
            self._send_earlier()
            alone = not any(map(_is_at_work, self._siblings()))
            self.sweep.finish(word, now, alone=alone)
        sent = self._send_all(patience, close=settled)
        if self.sweep is not None and sent:
            self._send_earlier()  # what was left to others, should they be gone by now
        return sent and settled

    def _is_started(self, run: str) -> bool:
        """Whether a sweep came to start its run: one that was killed before that has nothing to record."""
        if self.queue.about().get("started", True) or run in self.record.open_runs:
            return True
        entries = map(_read, self.queue.pending())
        return any(entry is not None and entry.start is not None and entry.run == run for entry in entries)

    def _settle_study(self) -> bool:
        """Fail the lost trials of a killed sweep, and write its tables; whether the study could be opened."""
        study = self.queue.about().get("study")
        if study is None:
            return True
        from optuna_sweeper.workers.recovery import fail_lost_trials

        try:
            fail_lost_trials(study["storage"], study["name"], self.queue.folder, Path(study["base"]))
        except Exception as error:
            log.debug("The study cannot be read", exc_info=error)
            self.tell(
                f"The study {study['name']} cannot be read ({masked(_line(error))}). Its trials that were "
                f"running are ended by: python -m recsys sync {shlex.quote(str(self.queue.folder))}"
            )
            return False
        return True

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
        if self.sweep is not None and self.clock() - self._updated_at > UPDATE_EVERY:
            self._updated_at = self.clock()
            first = not self.sweep.checked
            self.sweep.update()
            if first and self.sweep.checked:
                self._send_earlier()
        if self._reachable or self.clock() - self._asked_at > RETRY_AFTER:
            self.send()

    def _send_all(self, patience: float = 0.0, *, close: bool = True) -> bool:
        deadline = self.clock() + patience
        while self._send_until(deadline):
            if close:
                self.queue.close()
            if not self.queue.pending():  # else another process has left something in between
                return not self.queue.refused
        return False

    def _send_until(self, deadline: float) -> bool:
        """Send what waits; while MLflow cannot be reached, try again until the deadline."""
        while not self.send():
            left = deadline - self.clock()
            if left <= 0:
                return False
            self.sleep(min(left, RETRY_AT_END))
        return True

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
            log.debug("MLflow refuses an entry", exc_info=error)
            first = self.queue.refused is None
            folder = self.queue.refuse(taken, masked(_line(error)))
            if first:  # those that follow from it are counted at the end
                self.tell(
                    f"MLflow refuses a part of the record: {self.queue.refusals()}. It is kept in {folder}."
                )
            if entry is not None and entry.end:
                self._end_without(entry)
                self.record.open_runs.discard(entry.run)  # how it ended is among what is sent again
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
            log.debug("MLflow refuses to end the run %s", entry.run, exc_info=error)

    def _lost(self, error: Exception) -> None:
        """Say once that MLflow does not answer."""
        if self._reachable:
            where, why = masked(self.record.tracking_uri), masked(_line(error))
            self.tell(
                f"MLflow cannot be reached at {where} ({why}). The trials go on; "
                f"their record waits in {self.queue.path}."
            )
        self._reachable, self._asked_at = False, self.clock()

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
    return queue.is_taken() and bool(queue.about()) and not queue.over


def send_folder(
    queue: Queue, tell: Callable[[str], None], *, last_word: bool = True, refused: bool = False
) -> bool:
    """Send the queue of a run or sweep that is over, unless another process does; whether all was sent.

    Parameters
    ----------
    queue : Queue
    tell : callable
        Called with a line for the user when something is wrong.
    last_word : bool
        Whether a sweep that was cut off before its end was queued is ended now.
    refused : bool
        Whether what MLflow refused before is sent again.
    """
    with queue.sole_reader() as alone:
        if not queue.about():  # closed by the one who was here before
            return not queue.pending()
        if not alone and last_word:
            tell(f"Another process is sending {queue.path}.")
        if not alone:
            return False
        if refused:
            queue.retry_refused()
        sender, about = Sender(queue, tell), queue.about()
        if last_word and sender.sweep is not None and not _was_ended(queue):
            return sender.finish(about.get("word", ""), about.get("ended_at", queue.last_sign()))
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
    if FINAL_MESSAGES.search(str(error)):
        return True
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in FINAL_ANSWERS
    return isinstance(error, KeyError | ValueError | TypeError | AttributeError | ImportError)


def _refusal(error: Exception, tracking_uri: str) -> str:
    """Return in one line why MLflow refuses the record, and what to do about it."""
    if isinstance(error, ParameterError):
        return str(error)
    cure = "Correct that, or record elsewhere: hydra.callbacks.mlflow.tracking_uri=sqlite:///mlflow.db."
    if getattr(error, "error_code", None) in CREDENTIALS:
        cure = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
    reason = masked(_line(error)).rstrip(".")
    return f"MLflow refuses the record at {masked(tracking_uri)}: {reason}. {cure}"


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
