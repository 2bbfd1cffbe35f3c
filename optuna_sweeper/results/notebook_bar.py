"""The progress bar in a notebook, which shows it in one place of the output and has no terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, ClassVar, Self

from optuna_sweeper.results.progress_bar import ProgressBar


def progress_bar(total: int, done: int = 0, wanted: bool = True) -> "ProgressBar | NotebookBar":
    """Return the bar for where the program runs: a notebook, or a terminal."""
    return NotebookBar(total, done) if wanted and in_notebook() else ProgressBar(total, done, wanted)


def in_notebook() -> bool:
    """Whether the code runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookBar:
    """The progress of a sweep as HTML, with the methods of `ProgressBar`."""

    is_shown: ClassVar[bool] = False

    def __init__(self, total: int, done: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total, self._done, self._earlier, self._clock = total, done, done, clock
        self._best = ""
        self._start = 0.0
        self._handle: Any = None

    def __bool__(self) -> bool:
        """Whether the bar is drawn."""
        return self._handle is not None

    def __enter__(self) -> Self:
        """Show the bar."""
        from IPython.display import display  # only notebooks have it

        self._start, NotebookBar.is_shown = self._clock(), True
        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self._handle, NotebookBar.is_shown = None, False

    def update(self, done: int, best: str) -> None:
        """Show this number of finished trials, and this description of the best."""
        self._done, self._best = min(done, self._total), best
        self._handle.update(self)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do nothing: other processes do not write into a notebook."""
        yield

    def __repr__(self) -> str:
        best = f"; {self._best}" if self._best else ""
        return f"{self._done} of {self._total} trials, {self._times()}{best}"

    def _repr_html_(self) -> str:
        bar = f"<progress value='{self._done}' max='{self._total}' aria-label='finished trials'></progress>"
        return f"{bar} {escape(repr(self))}"

    def _times(self) -> str:
        """Return the time so far and, before the end, an estimate of the rest."""
        seconds = self._clock() - self._start
        new, left = self._done - self._earlier, self._total - self._done
        rest = f", about {_clock_time(seconds / new * left)} left" if new and left else ""
        return _clock_time(seconds) + rest


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
