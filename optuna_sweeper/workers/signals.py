"""Ctrl-C once: the sweep ends when the running trials are finished. Twice: now. SIGTERM counts as Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from hydra.types import TaskFunction

log = logging.getLogger(__name__)

# The terminal sends the one, a scheduler or `kill` the other; taken over where nobody else has.
_DEFAULTS: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupt:
    """While entered, takes the first signal as a request; true once it came.

    Attributes
    ----------
    exit_code : int
        What a shell calls the end of a program by that signal: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self) -> None:
        self.exit_code = 128 + signal.SIGINT
        self._requested = False
        self._taken: list[signal.Signals] = []

    def __bool__(self) -> bool:
        return self._requested

    def __enter__(self) -> Interrupt:
        """Take over; in a thread, where signals do not arrive, nothing changes."""
        if threading.current_thread() is threading.main_thread():
            self._taken = [
                number for number, default in _DEFAULTS.items() if signal.getsignal(number) is default
            ]
            for number in self._taken:
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number in self._taken:
            signal.signal(number, _DEFAULTS[number])

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        self.exit_code = 128 + number
        log.warning(
            "%s: stopping when the running trials are finished. Once more to stop now.",
            "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name,
        )


class Shielded:
    """The application's function, on its way to the processes of a parallel launcher.

    Ctrl-C reaches all processes of a terminal, and would end the jobs that the sweep lets finish. So the
    process that unpickles the function ignores it from then on.
    """

    def __init__(self, task_function: TaskFunction) -> None:
        self.task_function = task_function

    def __call__(self, cfg: Any) -> Any:
        """Run it in this process."""
        return self.task_function(cfg)

    def __reduce__(self) -> tuple[Callable[..., TaskFunction], tuple[TaskFunction, int]]:
        return _arrive, (self.task_function, os.getpid())


def _arrive(task_function: TaskFunction, sender: int) -> TaskFunction:
    if os.getpid() != sender and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return task_function
