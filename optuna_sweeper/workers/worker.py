"""Worker registration and liveness: a record in the study, ``worker:<id>``, for each process.

On the same machine the operating system knows whether it is alive. For another machine the heartbeat decides,
which a thread renews: a process without one for the grace period counts as dead.
"""

import logging
import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from optuna.study import Study

from optuna_sweeper.study.storage import outlives_process
from optuna_sweeper.workers.process import process_start, this_machine

log = logging.getLogger(__name__)

PREFIX = "worker:"

# The workers of this process. One that could not sign out, because the storage was full or gone, is not
# alive.
_own_workers: set[str] = set()

#: A process that has not been seen for this many heartbeats is dead.
GRACE_BEATS = 5


@dataclass
class Worker:
    """Registration of this process as a worker of a study; a context manager that maintains its record."""

    study: Study
    interval: float
    clock: Callable[[], float] = time.time
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Sign in, and start the heartbeat if another process can read it."""
        _own_workers.add(self.id)
        self.beat()
        if outlives_process(self.study._storage):
            self._thread = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Sign out: trials of this process that are still running are lost."""
        self._over.set()
        if self._thread:
            self._thread.join()
        _own_workers.discard(self.id)
        self.beat(ended=True)

    def beat(self, ended: bool = False) -> None:
        """Write the record of this process."""
        record = {
            "machine": this_machine(),
            "pid": os.getpid(),
            "started": process_start(os.getpid()),
            "seen": self.clock(),
            "interval": self.interval,
            "ended": ended,
        }
        self.study._storage.set_study_user_attr(self.study._study_id, PREFIX + self.id, record)

    def alive(self) -> set[str]:
        """Return the ids of the workers that are alive, including this one."""
        attributes = self.study._storage.get_study_user_attrs(self.study._study_id)
        records = {key.removeprefix(PREFIX): attributes[key] for key in attributes if key.startswith(PREFIX)}
        # No heartbeat was stored while the database was unavailable.
        back = getattr(self.study._storage, "reconnected_at", -math.inf)
        here = this_machine(), os.getpid()
        return {self.id} | {
            id
            for id, record in records.items()
            if is_alive(record, self.clock(), back)
            and (id in _own_workers or (record["machine"], record["pid"]) != here)
        }

    def seed_offset(self) -> int:
        """Return an offset for the seed, so that no two processes of the study draw the same parameters.

        It is the number of earlier workers for one that works alone: such sweeps are reproducible. Of
        processes that run at once it is random: they cannot agree on that number.
        """
        attributes = self.study._storage.get_study_user_attrs(self.study._study_id)
        earlier = sum(key.startswith(PREFIX) for key in attributes) - 1
        return earlier if self.alive() == {self.id} else earlier + int(self.id, 16)

    def _keep_beating(self) -> None:
        while not self._over.wait(self.interval):
            try:
                self.beat()
            except Exception as error:  # jobs continue while the database is unavailable
                log.debug("No heartbeat: %s", error)
        self.study._storage.remove_session()


def is_alive(record: Mapping[str, Any], now: float, back: float = -math.inf) -> bool:
    """Whether the process of a record is alive at the time `now`; heartbeats before `back` were lost."""
    if record["ended"]:
        return False
    if record["machine"] == this_machine():
        return bool(process_start(record["pid"]) == record["started"])
    return bool(now - max(record["seen"], back) <= GRACE_BEATS * record["interval"])
