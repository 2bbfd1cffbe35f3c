"""Follower: serves what its source names, and swaps it while requests are answered."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from recsys.errors import RecsysError
from recsys.feedback import shown
from recsys.models import self_check
from recsys.serving.served import Served
from recsys.serving.source import ModelSource

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A version that could not be served, or the source that could not be asked (version "").

    Parameters
    ----------
    version, message : str
    at : float
        Seconds since 1970.
    """

    version: str
    message: str
    at: float


class Follower:
    """Looks for another version now and then; loads it beside the one that is served, checks it, and swaps.

    A request takes `current` once and keeps it to its end, so that a swap neither waits for requests nor is
    seen by them. Of a version that fails nothing is served: the one before stays.

    Parameters
    ----------
    source : ModelSource
    poll_seconds : float
        Between two looks.
    retry_seconds : float
        Until a version that failed is tried again.

    Attributes
    ----------
    current : Served or None
        What answers; None before the first version is there.
    last_failure : Failure or None
        The last one, also when a version came into service after it.
    swaps, failures : int
        How often another version came into service, and how often one did not.
    """

    def __init__(self, source: ModelSource, poll_seconds: float = 5.0, retry_seconds: float = 60.0) -> None:
        self.source, self.poll_seconds, self.retry_seconds = source, poll_seconds, retry_seconds
        self.current: Served | None = None
        self.last_failure: Failure | None = None
        self.swaps = self.failures = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._rejected: dict[str, float] = {}
        self._told = ""  # the failure that the log tells once, until a look goes well

    def load(self) -> Served:
        """Load and check what the source names, and serve it.

        Raises
        ------
        recsys.errors.RecsysError
            If that cannot be.
        """
        self.current = served = self._ready(self.source.version())
        return served

    def look(self) -> None:
        """Look once; swap if there is another version, and note what goes wrong."""
        version, before = "", self.current
        try:
            version = self.source.version()
            if before is not None and version == before.version:
                self._told = ""
                return
            if time.monotonic() < self._rejected.get(version, 0.0):
                return
            served = self._ready(version)
        except Exception as error:  # whatever a version brings with it must not end the service
            self._note(version, error)
            return
        self.current = served
        self.swaps += before is not None
        self._rejected.clear()
        self._told = ""
        log.info("Serving version %s%s.", version, f" after {before.version}" if before else "")

    def _ready(self, version: str) -> Served:
        served = Served.of(self.source.load(version), version, self.current)
        served.prepare()
        self_check(served.bundle, version)
        return served

    def start(self) -> None:
        """Look again and again, in a thread of its own."""
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a version that is being loaded is not waited for long."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _follow(self) -> None:
        while not self._ended.wait(self.poll_seconds):
            self.look()

    def _note(self, version: str, error: Exception) -> None:
        message = shown(str(error) if isinstance(error, RecsysError) else f"{type(error).__name__}: {error}")
        self.failures += 1
        self.last_failure = Failure(version, message, time.time())
        if version:
            self._rejected[version] = time.monotonic() + self.retry_seconds
        if message != self._told:
            self._told = message
            kept = self.current.version if self.current else "nothing"
            log.error("Version %s is not served, %s is: %s", version or "?", kept, message)
