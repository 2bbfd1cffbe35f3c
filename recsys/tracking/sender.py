"""The sender: sends the entries of a queue to MLflow while the run or sweep goes on.

It runs in its own process: in a thread, importing and calling MLflow would slow down the trials, and the end
of a killed run could not be recorded. The sender notices it by its pipe.
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
from recsys.mlflow_store.address import CALLBACK, VARIABLE, address_key
from recsys.mlflow_store.experiment import Destination
from recsys.runs.trials import read_trials
from recsys.tracking.entry import FAILED, KILLED, End, Entry
from recsys.tracking.queue import QUEUE_FOLDER, Queue
from recsys.tracking.record import Record
from recsys.tracking.sweep_run import SweepRun

log = logging.getLogger(__name__)

LOOK_EVERY, RETRY_AFTER = 0.1, 5.0  # seconds
LONGEST_EXIT = 5.0  # seconds until a killed process is gone
RETRY_AT_END = 1.0  # seconds between attempts after the end of the run
UPDATE_EVERY = 1.0  # seconds between updates of a sweep's parent run
TRIES = 3  # for an entry that MLflow refuses

_MULTIRUN = Path("multirun")

# Error codes of MLflow that another attempt does not change; all others may be temporary.
FINAL_ANSWERS = {
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED",
}  # fmt: skip
# Messages of databases and of MLflow without such a code.
FINAL_MESSAGES = re.compile(
    "Detected out-of-date database schema|authentication failed|no pg_hba.conf entry"
    "|(database|role) .+ does not exist|Access denied for user|Can't load plugin: sqlalchemy"
)
ELSEWHERE = f"{CALLBACK}.tracking_uri=sqlite:///other.db"
CREDENTIALS = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}


@dataclass
class Sender:
    """Sender of one queue.

    Attributes
    ----------
    queue : Queue
    tell : callable
        Called with a line for the user if something fails.
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
    _failed_at: float = field(init=False, default=float("-inf"))
    _updated_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        about = self.queue.about()
        given = (about.get(key) for key in ("experiment_name", "experiment_id", "run_id"))
        self.record = Record(about["tracking_uri"], Destination(*given), self.queue.folder)
        if about.get("sweep"):
            self.sweep = SweepRun(self.queue, **about["sweep"])

    def check(self) -> str | None:
        """Look up the experiment before anything is run.

        Returns
        -------
        str or None
            The reason if MLflow refuses the record; None if it accepts it, or cannot be reached.
        """
        try:
            self.record.experiment  # noqa: B018  # a property with a request
        except Exception as error:
            if is_final(error):
                return _refusal(error, self.record.tracking_uri)
            self._lost(error)
        return None

    def destination(self) -> dict[str, str]:
        """Return `experiment_id` and `experiment_name`; empty if MLflow has not answered yet."""
        if "experiment" not in self.record.__dict__:
            return {}
        experiment = self.record.experiment
        return {"experiment_id": experiment.experiment_id, "experiment_name": experiment.name}

    def follow(self, pipe: int, patience: float = 0.0, parent: int | None = None) -> bool:
        """Send entries until the other end of the pipe is closed; return whether all were sent.

        Parameters
        ----------
        pipe : int
            File descriptor from which the last word of the run or sweep is read.
        patience : float
            Seconds to wait for MLflow after the end.
        parent : int, optional
            Id of the process of the run or sweep, if it is the parent of this one.
        """
        if self.queue.over:  # an earlier sweep in this folder has ended
            self.queue.note(word=None, ended_at=None)
        word = b""
        while True:
            self._look()
            if select.select([pipe], [], [], LOOK_EVERY)[0]:
                received = os.read(pipe, 64)
                word += received
                if not received:
                    if not word:
                        self._wait_for_exit(parent)
                    return self.finish(word.decode().strip(), patience=patience)

    def _wait_for_exit(self, parent: int | None) -> None:
        """Wait until a killed process is gone; its pipe closes a moment earlier."""
        deadline = self.clock() + LONGEST_EXIT
        while os.getppid() == parent and self.clock() < deadline:
            self.sleep(LOOK_EVERY)

    def finish(self, word: str, time: int | None = None, patience: float = 0.0) -> bool:
        """Send the remaining entries and end open runs; return whether all were sent.

        Parameters
        ----------
        word : str
            Last word of the run or sweep; empty if it was killed.
        time : int, optional
            Its end in milliseconds since 1970; by default now.
        patience : float
            Seconds to wait for MLflow.
        """
        now = _now() if time is None else time
        # If two sweeps of a study end at once, neither waits for the other's last word.
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
            self._send_earlier()  # entries left to other processes that have ended since
        return sent and settled

    def _is_started(self, run: str) -> bool:
        """Whether a sweep started its run; one that was killed earlier has nothing to record."""
        if self.queue.about().get("started", True) or run in self.record.open_runs:
            return True
        entries = map(_read, self.queue.pending())
        return any(entry is not None and entry.start is not None and entry.run == run for entry in entries)

    def _settle_study(self) -> bool:
        """Fail the lost trials of a killed sweep; return whether the study could be read."""
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
        """Send the entries of a run or sweep that is over; return whether all were sent."""
        self._end_open_runs(_now())
        return self._send_all()

    def send(self) -> bool:
        """Send the pending entries in order; return whether all were sent."""
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
        if self._reachable or self.clock() - self._failed_at > RETRY_AFTER:
            self.send()

    def _send_all(self, patience: float = 0.0, *, close: bool = True) -> bool:
        deadline = self.clock() + patience
        while self._send_until(deadline):
            if close:
                self.queue.close()
            if not self.queue.pending():  # else another process has added entries
                return not self.queue.refused
        return False

    def _send_until(self, deadline: float) -> bool:
        """Send the pending entries; retry until the deadline while MLflow cannot be reached."""
        while not self.send():
            left = deadline - self.clock()
            if left <= 0:
                return False
            self.sleep(min(left, RETRY_AT_END))
        return True

    def _end_open_runs(self, now: int) -> None:
        """Queue the end of all open runs except the parent run of a sweep.

        In a study their status is FAILED, as that of trials whose process is gone.
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
        """Send the first entry, merged with those that follow if possible; return whether MLflow answered."""
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
            if len(taken) > 1:  # perhaps only one of them is invalid
                return self._send_next(files[:1])
            log.debug("MLflow refuses an entry", exc_info=error)
            first = self.queue.refused is None
            folder = self.queue.refuse(taken, masked(_line(error)))
            if first:  # the number of all is logged at the end
                self.tell(
                    f"MLflow refuses a part of the record: {self.queue.refusals()}. It is kept in {folder}."
                )
            if entry is not None and entry.end:
                self._end_without(entry)
                self.record.open_runs.discard(entry.run)  # its end is among the entries to be sent again
            return True
        for file in taken:
            file.unlink()
        if not self._reachable:
            self.tell(f"MLflow answers again at {masked(self.record.tracking_uri)}.")
        self._reachable = True
        return True

    def _apply(self, entry: Entry) -> None:
        """Apply an entry; retry if MLflow refuses it.

        MLflow refuses the second of two equal requests at the same time, as of two processes of a study.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                return self.record.apply(entry)
            except Exception as error:
                if not (tries_left and is_final(error)):
                    raise

    def _end_without(self, entry: Entry) -> None:
        """End a run whose last entry was refused, so that it does not stay RUNNING."""
        try:
            self.record.apply(Entry(entry.run, n_trials=entry.n_trials, end=entry.end))
        except Exception as error:
            log.debug("MLflow refuses to end the run %s", entry.run, exc_info=error)

    def _lost(self, error: Exception) -> None:
        """Log, once, that MLflow cannot be reached."""
        if self._reachable:
            where, why = masked(self.record.tracking_uri), masked(_line(error))
            self.tell(
                f"MLflow cannot be reached at {where} ({why}). The trials go on; "
                f"their record waits in {self.queue.path}."
            )
        self._reachable, self._failed_at = False, self.clock()

    def _send_earlier(self) -> None:
        """Send the remaining entries of earlier sweeps of this study, before those of this one."""
        for queue in self._siblings():
            send_folder(queue, self.tell, last_word=False)

    def _siblings(self) -> list[Queue]:
        """Return the queues of other sweeps of this study."""
        jobs = (trial.job_dir for trial in read_trials(self.queue.folder) if trial.job_dir)
        # A sweep that was killed in its first job is in no table: also look in the usual folders.
        near = [*self.queue.folder.parent.glob(f"*/{QUEUE_FOLDER}"), *_MULTIRUN.glob(f"*/*/{QUEUE_FOLDER}")]
        folders = {job.parent for job in jobs} | {path.parent.resolve() for path in near}
        queues = map(Queue, sorted(folders - {self.queue.folder}))
        run = self.sweep.run if self.sweep is not None else None
        return [queue for queue in queues if run and queue.about().get("sweep", {}).get("run") == run]


def _is_at_work(queue: Queue) -> bool:
    """Whether another process is sending this queue and its sweep goes on."""
    return queue.is_taken() and bool(queue.about()) and not queue.over


def send_folder(
    queue: Queue, tell: Callable[[str], None], *, last_word: bool = True, refused: bool = False
) -> bool:
    """Send the queue of a run or sweep that is over; return whether all entries were sent.

    A queue that another process is sending is left to it.

    Parameters
    ----------
    queue : Queue
    tell : callable
        Called with a line for the user if something fails.
    last_word : bool
        Whether to end a sweep that was killed before its end was queued.
    refused : bool
        Whether to send refused entries again.
    """
    with queue.sole_reader() as alone:
        if not queue.about():  # sent and closed meanwhile
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
    """Read an entry; None if the file is damaged, which is logged when it is sent."""
    try:
        return Entry.from_json(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        return None


def is_final(error: Exception) -> bool:
    """Whether sending an entry again would raise the same error."""
    if FINAL_MESSAGES.search(str(error)):
        return True
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in FINAL_ANSWERS
    return isinstance(error, KeyError | ValueError | TypeError | AttributeError | ImportError)


def _refusal(error: Exception, tracking_uri: str) -> str:
    """Return a line with the reason for which MLflow refuses the record, and the cure."""
    if isinstance(error, ParameterError):
        if error.parameter == VARIABLE:
            cure = f"Set another, for example {ELSEWHERE}"
            error = ParameterError(address_key(tracking_uri), error.rule, error.value, cure)
        return str(error)
    cure = f"Correct that, or record elsewhere: {ELSEWHERE}"
    if getattr(error, "error_code", None) in CREDENTIALS:
        cure = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
    reason = masked(_line(error)).rstrip(".")
    return f"MLflow refuses the record at {masked(tracking_uri)}: {reason}. {cure}"


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
