"""The sender: sends the entries of a queue to MLflow while the run or sweep goes on.

It runs in its own process: in a thread, importing and calling MLflow would slow down the trials, and the end
of a killed run could not be recorded. The sender notices it by its pipe.
"""

import logging
import math
import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.mlflow_store.experiment import Destination
from recsys.runs.trials import read_trials
from recsys.tracking.entry import FAILED, KILLED, End, Entry, now
from recsys.tracking.queue import QUEUE_FOLDER, Queue
from recsys.tracking.record import Record
from recsys.tracking.refusals import is_final, line, refusal
from recsys.tracking.sweep_run import SweepRun

log = logging.getLogger(__name__)

LOOK_EVERY, RETRY_AFTER = 0.1, 5.0  # seconds
LONGEST_EXIT = 5.0  # seconds until a killed process is gone
RETRY_AT_END = 1.0  # seconds between attempts after the end of the run
UPDATE_EVERY = 1.0  # seconds between updates of a sweep's parent run
TRIES = 3  # for an entry that MLflow refuses: of two equal requests at the same time it refuses the second

_MULTIRUN = Path("multirun")


class Sender:
    """Sender of one queue; `tell` is called with a line for the user if something fails."""

    def __init__(
        self,
        queue: Queue,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.queue, self.tell, self.clock, self.sleep = queue, tell, clock, sleep
        about = queue.about()
        given = (about.get(key) for key in ("experiment_name", "experiment_id", "run_id"))
        self.record = Record(about["tracking_uri"], Destination(*given), queue.folder)
        self.sweep = SweepRun(queue, **about["sweep"]) if about.get("sweep") else None
        self._reachable, self._failed_at, self._updated_at = True, -math.inf, -math.inf

    def check(self) -> dict[str, str]:
        """Look up the experiment before anything is run.

        Return `experiment_id` and `experiment_name`; or `refused`, a line with the reason; or nothing if
        MLflow cannot be reached.
        """
        try:
            experiment = self.record.experiment
        except Exception as error:
            if is_final(error):
                return {"refused": refusal(error, self.record.tracking_uri)}
            self._lost(error)
            return {}
        return {"experiment_id": experiment.experiment_id, "experiment_name": experiment.name}

    def follow(self, pipe: int, patience: float = 0.0, parent: int | None = None) -> bool:
        """Send entries until the other end of the pipe is closed; return whether all were sent.

        The last word of the run or sweep comes through the pipe. Then MLflow is waited for, for `patience`
        seconds at most. `parent` is the id of the process of the run or sweep, if it is that of this one.
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

        `word` is the last word of the run or sweep, empty if it was killed; `time` its end in milliseconds
        since 1970, by default now; `patience` the seconds to wait for MLflow.
        """
        ended_at = now() if time is None else time
        # If two sweeps of a study end at once, neither waits for the other's last word.
        self.queue.note(word=word, ended_at=ended_at)
        settled = bool(word) or self.sweep is None or self._settle_study()
        started = self.sweep is not None and self._is_started(self.sweep.run)
        self._end_open_runs(ended_at)
        if self.sweep is not None and started:
            self._send_earlier()
            alone = not any(map(_is_at_work, self._siblings()))
            self.sweep.finish(word, ended_at, alone=alone)
        sent = self._send_all(patience, close=settled)
        if sent:
            self._send_earlier()  # entries left to other processes that have ended since
        return sent and settled

    def _is_started(self, run: str) -> bool:
        """Whether a sweep started its run; one that was killed earlier has nothing to record."""
        if self.queue.about().get("started", True) or run in self.record.open_runs:
            return True
        return any(entry.start is not None and entry.run == run for entry in self._entries())

    def _entries(self) -> list[Entry]:
        """Return the pending entries; damaged files are reported when they are sent."""
        return [entry for entry in map(read_entry, self.queue.pending()) if entry is not None]

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
                f"The study {study['name']} cannot be read ({line(error)}). Its trials that were "
                f"running are ended by: {self.queue.sync_command()}"
            )
            return False
        return True

    def rest(self) -> bool:
        """Send the entries of a run or sweep that is over; return whether all were sent."""
        self._end_open_runs(now())
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
            if self.sweep.update():
                self._send_earlier()
        if self._reachable or self.clock() - self._failed_at > RETRY_AFTER:
            self.send()

    def _send_all(self, patience: float = 0.0, *, close: bool = True) -> bool:
        """Send the pending entries and remove the queue; retry while MLflow cannot be reached."""
        deadline = self.clock() + patience
        while True:
            while not self.send():
                left = deadline - self.clock()
                if left <= 0:
                    return False
                self.sleep(min(left, RETRY_AT_END))
            if close:
                self.queue.close()
            if not self.queue.pending():  # else another process has added entries
                return not self.queue.refused

    def _end_open_runs(self, time: int) -> None:
        """Queue the end of all open runs except the parent run of a sweep.

        In a study their status is FAILED, as that of trials whose process is gone.
        """
        status = FAILED if self.sweep is not None and self.sweep.study else KILLED
        opened = dict.fromkeys(self.record.open_runs)
        for entry in self._entries():
            if entry.start:
                opened[entry.run] = None
            if entry.end:
                opened.pop(entry.run, None)
        for run in opened:
            if self.sweep is None or run != self.sweep.run:
                self.queue.put(Entry(run, end=End(status, time)))

    def _send_next(self, files: list[Path]) -> bool:
        """Send the first entry, merged with those that follow if possible; return whether MLflow answered."""
        entry, taken = None, files[:1]
        try:
            entry = Entry.from_json(files[0].read_text(encoding="utf-8"))
            for other in map(read_entry, files[1:]):
                both = entry.followed_by(other) if other else None
                if both is None:
                    break
                entry, taken = both, files[: len(taken) + 1]
            self._apply(entry)
        except Exception as error:
            if not is_final(error):
                self._lost(error)
                return False
            if len(taken) > 1:  # perhaps only one of them is invalid
                return self._send_next(files[:1])
            self._refuse(taken, entry, error)
            return True
        for file in taken:
            file.unlink()
        if not self._reachable:
            self.tell(f"MLflow answers again at {masked(self.record.tracking_uri)}.")
        self._reachable = True
        return True

    def _apply(self, entry: Entry) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                return self.record.apply(entry)
            except Exception as error:
                if not (tries_left and is_final(error)):
                    raise

    def _refuse(self, files: list[Path], entry: Entry | None, error: Exception) -> None:
        """Put an entry aside that MLflow refuses, and report the first; the number is reported at the end."""
        log.debug("MLflow refuses an entry", exc_info=error)
        first = self.queue.refused is None
        self.queue.refuse(files, line(error))
        if first:
            refusals = self.queue.refusals()
            self.tell(f"MLflow refuses a part of the record: {refusals}. It is kept in {self.queue.refused}.")
        if entry is not None and entry.end:
            try:  # so that the run does not stay RUNNING
                self.record.apply(Entry(entry.run, n_trials=entry.n_trials, end=entry.end))
            except Exception as error:
                log.debug("MLflow refuses to end the run %s", entry.run, exc_info=error)
            self.record.open_runs.discard(entry.run)  # its end is among the entries to be sent again

    def _lost(self, error: Exception) -> None:
        """Report, once, that MLflow cannot be reached."""
        if self._reachable:
            self.tell(
                f"MLflow cannot be reached at {masked(self.record.tracking_uri)} ({line(error)}). The trials "
                f"go on; their record waits in {self.queue.path}."
            )
        self._reachable, self._failed_at = False, self.clock()

    def _send_earlier(self) -> None:
        """Send the remaining entries of earlier sweeps of this study, before those of this one."""
        for queue in self._siblings():
            send_folder(queue, self.tell, last_word=False)

    def _siblings(self) -> list[Queue]:
        """Return the queues of other sweeps of this study."""
        if self.sweep is None:
            return []
        jobs = (trial.job_dir for trial in read_trials(self.queue.folder) if trial.job_dir)
        # A sweep that was killed in its first job is in no table: also look in the usual folders.
        near = [*self.queue.folder.parent.glob(f"*/{QUEUE_FOLDER}"), *_MULTIRUN.glob(f"*/*/{QUEUE_FOLDER}")]
        folders = {job.parent for job in jobs} | {path.parent.resolve() for path in near}
        queues = map(Queue, sorted(folders - {self.queue.folder}))
        ours = self.sweep.run, self.record.tracking_uri
        return [queue for queue in queues if _run_and_address(queue) == ours]


def _run_and_address(queue: Queue) -> tuple[str | None, str | None]:
    about = queue.about()
    return about.get("sweep", {}).get("run"), about.get("tracking_uri")


def _is_at_work(queue: Queue) -> bool:
    """Whether another process is sending this queue and its sweep goes on."""
    return queue.is_taken() and bool(queue.about()) and not queue.over


def send_folder(
    queue: Queue, tell: Callable[[str], None], *, last_word: bool = True, refused: bool = False
) -> bool:
    """Send the queue of a run or sweep that is over; return whether all entries were sent.

    A queue that another process is sending is left to it. With `last_word`, a sweep is ended that was killed
    before its end was queued; with `refused`, refused entries are sent again.
    """
    with queue.sole_reader() as alone:
        about = queue.about()
        if not about:  # sent and closed meanwhile
            return not queue.pending()
        if not alone:
            if last_word:
                tell(f"Another process is sending {queue.path}.")
            return False
        if refused:
            queue.retry_refused()
        sender = Sender(queue, tell)
        if last_word and sender.sweep is not None and not _was_ended(queue):
            return sender.finish(about.get("word", ""), about.get("ended_at", queue.last_sign()))
        return sender.rest()


def _was_ended(queue: Queue) -> bool:
    """Whether the last word of a sweep is in the queue."""
    last = next((read_entry(file) for file in reversed(queue.pending())), None)
    return last is not None and last.link_results


def read_entry(file: Path) -> Entry | None:
    """Read an entry; None if the file is damaged."""
    try:
        return Entry.from_json(file.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError):
        return None
