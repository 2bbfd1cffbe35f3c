"""The sender: sends the entries of a queue to MLflow while the run or sweep goes on, and ends its record.

It runs in its own process: in a thread, importing and calling MLflow would slow down the trials, and the end
of a killed run could not be recorded. The sender notices it by its pipe.
"""

import logging
import math
import os
import select
from collections.abc import Callable
from pathlib import Path

from recsys.tracking.delivery import Delivery
from recsys.tracking.entry import End, Entry, Status, now, read_entry
from recsys.tracking.queue import Queue
from recsys.tracking.refusals import line
from recsys.tracking.siblings import is_at_work, siblings
from recsys.tracking.sweep_run import SweepRun
from recsys.tracking.system_metrics import SystemMetrics

log = logging.getLogger(__name__)

LOOK_EVERY, UPDATE_EVERY = 0.1, 1.0  # seconds, of the queue and of a sweep's parent run
LONGEST_EXIT = 5.0  # seconds until a killed process is gone


class Sender:
    """Sender of one queue, from the start of the run or sweep to its end."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery, self.queue, self.clock = delivery, delivery.queue, delivery.clock
        about = self.queue.about()
        sweep = about.get("sweep")
        self.sweep = SweepRun(self.queue, **sweep) if sweep else None
        self.run = self.sweep.run if self.sweep else about.get("run")
        self._system_metrics: SystemMetrics | None = None
        self._updated_at = -math.inf

    def follow(self, pipe: int, patience: float = 0.0, parent: int | None = None) -> bool:
        """Send entries until the other end of the pipe is closed; return whether all were sent.

        The last word of the run or sweep comes through the pipe. Then MLflow is waited for, for `patience`
        seconds at most. `parent` is the id of the process of the run or sweep, if it is that of this one.
        """
        self._system_metrics = SystemMetrics.from_environment()
        if self.queue.over:  # an earlier sweep in this folder has ended
            self.queue.note(word=None, ended_at=None)
        # The pipe first: a look at a killed sweep would reopen a run that another one has ended since.
        word, pause = b"", 0.0
        while True:
            if select.select([pipe], [], [], pause)[0]:
                received = os.read(pipe, 64)
                word += received
                if not received:
                    if not word:
                        self._wait_for_exit(parent)
                    return self.finish(word.decode().strip(), patience=patience)
            self._look()
            pause = LOOK_EVERY

    def finish(self, word: str, time: int | None = None, patience: float = 0.0) -> bool:
        """Send the remaining entries and end open runs; return whether all were sent.

        `word` is the last word of the run or sweep, empty if it was killed; `time` its end in milliseconds
        since 1970, by default now; `patience` the seconds to wait for MLflow.
        """
        ended_at = now() if time is None else time
        self._sample(is_last=True)
        # If two sweeps of a study end at once, neither waits for the other's last word.
        self.queue.note(word=word, ended_at=ended_at)
        settled = bool(word) or self.sweep is None or self._settle_study()
        started = self.sweep is not None and self._is_started(self.sweep.run)
        self._end_open_runs(ended_at)
        if self.sweep is not None and started:
            self._send_earlier()
            self.sweep.finish(word, ended_at, alone=not any(map(is_at_work, self._siblings())))
        sent = self.delivery.send_all(patience, close=settled)
        if sent:
            self._send_earlier()  # entries left to other processes that have ended since
        return sent and settled

    def rest(self) -> bool:
        """Send the entries of a run or sweep that is over; return whether all were sent."""
        self._end_open_runs(now())
        return self.delivery.send_all()

    def _look(self) -> None:
        self._sample()
        if self.sweep is not None and self.clock() - self._updated_at > UPDATE_EVERY:
            self._updated_at = self.clock()
            if self.sweep.update():
                self._send_earlier()
        if self.delivery.is_due():
            self.delivery.send()

    def _sample(self, *, is_last: bool = False) -> None:
        """Queue system metrics, if they are recorded and the run that they belong to has been queued."""
        if self._system_metrics is None or self.run is None or not self.queue.about().get("started", True):
            return
        try:
            metrics = self._system_metrics.sample(self.clock(), is_last=is_last)
        except Exception as error:  # of the system: the rest of the record goes on
            self.delivery.tell(f"System metrics are not recorded any more ({line(error)}).")
            self._system_metrics, metrics = None, []
        if metrics:
            self.queue.put(Entry(self.run, metrics=metrics))

    def _wait_for_exit(self, parent: int | None) -> None:
        """Wait until a killed process is gone; its pipe closes a moment earlier."""
        deadline = self.clock() + LONGEST_EXIT
        while os.getppid() == parent and self.clock() < deadline:
            self.delivery.sleep(LOOK_EVERY)

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
            self.delivery.tell(
                f"The study {study['name']} cannot be read ({line(error)}). Its trials that were "
                f"running are ended by: {self.queue.sync_command()}"
            )
            return False
        return True

    def _is_started(self, run: str) -> bool:
        """Whether a sweep started its run; one that was killed earlier has nothing to record."""
        if self.queue.about().get("started", True) or run in self.delivery.record.open_runs:
            return True
        return any(entry.start is not None and entry.run == run for entry in self._entries())

    def _end_open_runs(self, time: int) -> None:
        """Queue the end of all open runs except the parent run of a sweep.

        In a study their status is FAILED, as that of trials whose process is gone.
        """
        status = Status.FAILED if self.sweep is not None and self.sweep.study else Status.KILLED
        opened = dict.fromkeys(self.delivery.record.open_runs)
        for entry in self._entries():
            if entry.start:
                opened[entry.run] = None
            if entry.end:
                opened.pop(entry.run, None)
        for run in opened:
            if self.sweep is None or run != self.sweep.run:
                self.queue.put(Entry(run, end=End(status, time)))

    def _entries(self) -> list[Entry]:
        """Return the pending entries; damaged files are reported when they are sent."""
        return [entry for entry in map(read_entry, self.queue.pending()) if entry is not None]

    def _send_earlier(self) -> None:
        """Send the remaining entries of earlier sweeps of this study, before those of this one."""
        for queue in self._siblings():
            send_folder(queue, self.delivery.tell, last_word=False)

    def _siblings(self) -> list[Queue]:
        if self.sweep is None:
            return []
        return siblings(self.queue.folder, self.sweep.run, self.delivery.record.tracking_uri)


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
        sender = Sender(Delivery(queue, tell))
        if last_word and sender.sweep is not None and not _was_ended(queue):
            return sender.finish(about.get("word", ""), about.get("ended_at", queue.last_sign()))
        return sender.rest()


def _was_ended(queue: Queue) -> bool:
    """Whether the last word of a sweep is in the queue."""
    last = next((read_entry(file) for file in reversed(queue.pending())), None)
    return last is not None and last.link_results
