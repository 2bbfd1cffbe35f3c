"""Ctrl-C once: the sweep ends when the running trials are finished. Twice: now."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any

log = logging.getLogger(__name__)

#: What a shell calls the end of a program by Ctrl-C.
EXIT_CODE = 128 + signal.SIGINT


class Interrupt:
    """While entered, takes the first Ctrl-C as a request; true once it came."""

    def __init__(self) -> None:
        self._requested = False
        self._previous: Any = None

    def __bool__(self) -> bool:
        return self._requested

    def __enter__(self) -> Interrupt:
        """Take over; in a thread, where signals do not arrive, nothing changes."""
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.getsignal(signal.SIGINT)
            if self._previous is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Give Ctrl-C back."""
        if self._previous is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        log.warning("Stopping when the running trials are finished. Ctrl-C again to stop now.")
