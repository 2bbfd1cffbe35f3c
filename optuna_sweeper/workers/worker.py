"""Workers of a study: their registration, liveness and mutual exclusion, in the study's attributes alone.

A process has a record, ``worker:<id>``. On the same machine the operating system knows whether it is alive.
For another machine the heartbeat decides, which a thread renews.
"""

import logging
import math
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import sleep
from typing import Any, Self

from optuna.study import Study

from optuna_sweeper.study.storage import outlives_process
from optuna_sweeper.workers.process import host, process_start, this_machine

log = logging.getLogger(__name__)

PREFIX = "worker:"
# The ticket of a waiting worker, by its id: 0 while it draws one, null afterwards.
_TICKET = "ticket:"

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
        records = self._noted(PREFIX)
        # No heartbeat was stored while the database was unavailable.
        back = getattr(self.study._storage, "reconnected_at", -math.inf)
        here = this_machine(), os.getpid()
        return {self.id} | {
            id
            for id, record in records.items()
            if is_alive(record, self.clock(), back)
            and (id in _own_workers or (record["machine"], record["pid"]) != here)
        }

    def other_hosts(self) -> list[str]:
        """Return the names of the other hosts with living workers."""
        alive, here = self.alive(), host(this_machine())
        machines = {record["machine"] for id, record in self._noted(PREFIX).items() if id in alive}
        return sorted(machine.partition("/")[0] for machine in machines if host(machine) != here)

    def seed_offset(self) -> int:
        """Return an offset for the seed: no two processes of the study draw the same parameters.

        For a process that works alone it is reproducible; processes that run at once could not agree on it.
        """
        earlier = len(self._noted(PREFIX)) - 1
        return earlier if self.alive() == {self.id} else earlier + int(self.id, 16)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Enter a section that one living worker at a time executes, by Lamport's bakery algorithm."""
        own = f"{_TICKET}{self.id}"
        self.study.set_user_attr(own, 0)
        self.study.set_user_attr(own, 1 + max(ticket for ticket, _ in self._tickets()))
        try:
            while True:
                tickets = self._tickets()  # read first: a worker that draws a ticket later is alive now
                alive = self.alive()
                if min(ticket for ticket in tickets if ticket[1] in alive)[1] == self.id:
                    break
                sleep(0.1)
            yield
        finally:
            self.study.set_user_attr(own, None)

    def _tickets(self) -> list[tuple[int, str]]:
        return [(ticket, id) for id, ticket in self._noted(_TICKET).items() if ticket is not None]

    def _noted(self, prefix: str) -> dict[str, Any]:
        """Return the attributes of the study with this prefix, by the ids of the workers."""
        attributes = self.study._storage.get_study_user_attrs(self.study._study_id)
        return {key.removeprefix(prefix): attributes[key] for key in attributes if key.startswith(prefix)}

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
