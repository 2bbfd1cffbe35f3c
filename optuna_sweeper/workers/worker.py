"""The processes that work on a study: who they are, and whether they still live.

Each leaves a record in the study, ``worker:<id>``: its machine, process id, the moment the process started,
and when it was last seen. On one machine, the operating system knows at once whether that very process lives.
Of another machine's process one knows what its heartbeat says: a small thread writes the time anew as long as
the process lives, also while a job runs. A process silent for the grace period counts as dead.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.study import Study

from optuna_sweeper.study.storage import outlives_process

log = logging.getLogger(__name__)

PREFIX = "worker:"

# The workers of this very process: one that could not sign out, the storage being full or gone, is dead.
_here: set[str] = set()

#: A process that has not been seen for this many heartbeats is dead.
GRACE_BEATS = 5


def this_machine() -> str:
    """Return what tells the processes of this machine, since it started, from all others."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))  # containers count their processes anew
    return "/".join(parts)


def process_start(pid: int) -> str | None:
    """Return when a process of this machine started, in the clock of its kernel; None when there is none.

    Where the system does not tell (there is no ``/proc``), it is the empty text for each process that lives.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if not Path("/proc/self/stat").exists() and _exists(pid) else None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else fields[18]


def _exists(pid: int) -> bool:
    if os.name == "nt":  # where signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass
class Worker:
    """The process at work on a study; a context manager that keeps its record there.

    Attributes
    ----------
    study : Study
    interval : float
        Seconds between heartbeats.
    clock : callable
        Returns the seconds since the epoch.
    """

    study: Study
    interval: float
    clock: Callable[[], float] = time.time
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Worker:
        """Sign in, and start the heartbeat where another process could look for it."""
        _here.add(self.id)
        self.beat()
        if outlives_process(self.study._storage):
            self._thread = threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Sign out: the trials of this process that are still running will not be finished."""
        self._over.set()
        if self._thread:
            self._thread.join()
        _here.discard(self.id)
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
        """Return the ids of the workers that live, this one included."""
        attributes = self.study._storage.get_study_user_attrs(self.study._study_id)
        records = {key.removeprefix(PREFIX): attributes[key] for key in attributes if key.startswith(PREFIX)}
        # Nobody could show a sign of life while the database was away.
        back = getattr(self.study._storage, "returned", -math.inf)
        alive = {id for id, record in records.items() if is_alive(record, self.clock(), back)}
        mine = {id for id in alive if _is_of_this_process(records[id])}
        return {self.id} | (alive - mine) | (mine & _here)

    def draw(self) -> int:
        """Return what to add to a seed, so that no two processes at the study draw the same.

        It is 0 for the first of all, and for who continues alone the number of those before: the same seed
        then asks the same. Of processes at work at once, which of them asks what is chance anyway; and who
        begins together with others cannot tell how many have come before.
        """
        attributes = self.study._storage.get_study_user_attrs(self.study._study_id)
        earlier = sum(key.startswith(PREFIX) for key in attributes) - 1
        return earlier if self.alive() == {self.id} else earlier + int(self.id, 16)

    def _keep_beating(self) -> None:
        while not self._over.wait(self.interval):
            try:
                self.beat()
            except Exception as error:  # a database away for a while is not the end of a job
                log.debug("No heartbeat: %s", error)
        self.study._storage.remove_session()


def _is_of_this_process(record: Mapping[str, Any]) -> bool:
    return bool(record["machine"] == this_machine() and record["pid"] == os.getpid())


def is_alive(record: Mapping[str, Any], now: float, back: float = -math.inf) -> bool:
    """Whether the process of a record lives, at a time `now`, by a storage that came `back` before."""
    if record["ended"]:
        return False
    if record["machine"] == this_machine():
        return bool(process_start(record["pid"]) == record["started"])
    return bool(now - max(record["seen"], back) <= GRACE_BEATS * record["interval"])
