"""Signals: the first Ctrl-C or SIGTERM ends the sweep after the running trials, the second one at once."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from hydra.types import TaskFunction

log = logging.getLogger(__name__)

# Their default handlers: only these are replaced, not those of the application.
_DEFAULTS: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interrupt:
    """Whether the user has asked for the end of the sweep: true after the first signal while entered."""

    def __init__(self) -> None:
        self.exit_code = 128 + signal.SIGINT
        self._requested = False
        self._taken: list[signal.Signals] = []

    def __bool__(self) -> bool:
        return self._requested

    def __enter__(self) -> Self:
        """Install the handlers, in the main thread only."""
        if threading.current_thread() is threading.main_thread():
            self._taken = [
                number for number, default in _DEFAULTS.items() if signal.getsignal(number) is default
            ]
            for number in self._taken:
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._taken:
            signal.signal(number, _DEFAULTS[number])

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        self.exit_code = 128 + number
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        line = "%s: stopping when the running trials are finished. Once more to stop now."
        # In a thread: the signal may arrive while the main thread writes to the stream of the log, which
        # refuses a second write from the same thread.
        threading.Thread(target=log.warning, args=(line, name)).start()


class CtrlCIgnored:
    """The application's function for a parallel launcher: a process that unpickles it ignores Ctrl-C.

    Ctrl-C reaches all processes of a terminal, and would end the jobs that the sweep lets finish.
    """

    def __init__(self, task_function: TaskFunction) -> None:
        self.task_function = task_function

    def __call__(self, cfg: Any) -> Any:
        """Call the function."""
        return self.task_function(cfg)

    def __reduce__(self) -> tuple[Callable[..., TaskFunction], tuple[TaskFunction, int]]:
        return _unpickle, (self.task_function, os.getpid())


def _unpickle(task_function: TaskFunction, sender: int) -> TaskFunction:
    if os.getpid() != sender and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return task_function
