"""Send the entries of a queue to MLflow: in order, once, and again where MLflow could not be reached."""

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.mlflow_store.experiment import Destination
from recsys.tracking.entry import Entry, read_entry
from recsys.tracking.queue import Queue
from recsys.tracking.record import Record
from recsys.tracking.refusals import is_final, line, refusal
from recsys.tracking.system_metrics import SystemMetrics

log = logging.getLogger(__name__)

RETRY_AFTER = 5.0  # seconds between attempts while the run goes on
RETRY_AT_END = 1.0  # seconds between attempts after its end
MAX_TOGETHER = 20  # files of entries in one transaction: others wait for it, some tenths of a second
TRIES = 3  # for an entry that MLflow refuses: of two equal requests at the same time it refuses the second


class Delivery:
    """Delivery of one queue; `tell` is called with a line for the user if something fails."""

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
        self._reachable, self._failed_at = True, -math.inf

    def check(self) -> dict[str, str]:
        """Look up the experiment before anything is run.

        Return `experiment_id` and `experiment_name`; or `refused`, a line with the reason; or nothing if
        MLflow cannot be reached.
        """
        try:
            SystemMetrics.from_environment()  # refuses invalid values before anything is run
            experiment = self.record.experiment
        except Exception as error:
            if is_final(error):
                return {"refused": refusal(error, self.record.tracking_uri)}
            self._lost(error)
            return {}
        return {"experiment_id": experiment.experiment_id, "experiment_name": experiment.name}

    def is_due(self) -> bool:
        """Whether MLflow was reached, or not tried for some seconds."""
        return self._reachable or self.clock() - self._failed_at > RETRY_AFTER

    def send(self) -> bool:
        """Send the pending entries in order; return whether MLflow could be reached."""
        while files := self.queue.pending():
            if not (self._send_together(files) or self._send_next(files)):
                return False
        return True

    def send_all(self, patience: float = 0.0, *, close: bool = True) -> bool:
        """Send the pending entries and remove the queue; return whether all were sent.

        While MLflow cannot be reached, try again for `patience` seconds.
        """
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

    def _send_together(self, files: list[Path]) -> bool:
        """Send the first entries in one transaction of MLflow's store; false if that is not possible.

        The reason is found out, and reported, when they are sent one by one.
        """
        entries: list[Entry] = []
        taken = 0
        for file in files[:MAX_TOGETHER]:
            entry = read_entry(file)
            if entry is None or entry.is_alone:
                break
            merged = entries[-1].followed_by(entry) if entries else None
            entries[-1:] = [merged] if merged else [*entries[-1:], entry]
            taken += 1
        if len(entries) < 2:
            return False
        try:
            if not self.record.has_transactions:
                return False
            self.record.apply_together(entries)
        except Exception as error:
            log.debug("The entries are sent one by one", exc_info=error)
            return False
        self._sent(files[:taken])
        return True

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
        self._sent(taken)
        return True

    def _sent(self, files: list[Path]) -> None:
        """Remove the files of entries that MLflow has stored."""
        for file in files:
            file.unlink()
        if not self._reachable:
            self.tell(f"MLflow answers again at {masked(self.record.tracking_uri)}.")
        self._reachable = True

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
