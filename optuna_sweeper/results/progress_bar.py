"""The progress bar: a line below the log lines of a sweep, on a terminal only.

Jobs print, and Hydra configures logging again for each of them: the bar replaces the standard streams.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TextIO

ERASE = "\r\x1b[K"


class ProgressBar:
    """The progress of a sweep; a context manager that draws on the standard error, if a terminal."""

    def __init__(
        self, total: int, done: int = 0, wanted: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wanted, self._clock = wanted, clock
        self._meter = {"total": total, "initial": done, "n": done}
        self._best = ""
        self._start = 0.0
        self._streams: tuple[TextIO, TextIO] | None = None
        self._drawn = self._paused = False
        self._lock = threading.RLock()

    def __bool__(self) -> bool:
        """Whether the bar is drawn."""
        return self._streams is not None

    def __enter__(self) -> Self:
        """Draw the bar, and redirect the standard streams above it."""
        if self._wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._start = self._clock()
            self._streams = sys.stdout, sys.stderr
            _redirect([StreamAbove(stream, self) if stream.isatty() else stream for stream in self._streams])
            self.draw()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is, and restore the streams."""
        if self._streams is not None:
            _redirect(self._streams)
            self._leave()
            self._streams = None

    def update(self, done: int, best: str) -> None:
        """Draw the bar with this number of finished trials and this description of the best."""
        with self._lock:
            self._meter["n"] = min(done, self._meter["total"])
            self._best = best
            self.draw()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause the bar while other processes write to the terminal."""
        with self._lock:
            self._leave()
            self._paused = True
        try:
            yield
        finally:
            with self._lock:
                self._paused = False
                self.draw()

    def draw(self) -> None:
        """Draw the bar at the cursor, which is at the beginning of a line."""
        with self._lock:
            if self._streams is not None and not self._paused:
                terminal = self._streams[1]
                terminal.write(f"{ERASE}{self._text(terminal)}")
                terminal.flush()
                self._drawn = True

    def write(self, stream: TextIO, text: str) -> int:
        """Write to a stream above the bar, which is drawn again at the end of the line."""
        with self._lock:
            self._leave(ERASE)
            length = stream.write(text)
            stream.flush()  # keeps the order of the two streams
            if text.endswith("\n"):
                self.draw()
            return length

    def _leave(self, end: str = "\n") -> None:
        with self._lock:
            if self._streams is not None and self._drawn:
                self._streams[1].write(end)
                self._streams[1].flush()
            self._drawn = False

    def _text(self, terminal: TextIO) -> str:
        from tqdm import tqdm  # imported when it is needed

        try:
            width = os.get_terminal_size(terminal.fileno()).columns or 80
        except OSError:
            width = 80
        return str(
            tqdm.format_meter(
                **self._meter,
                elapsed=self._clock() - self._start,
                ncols=width - 1,  # in the last column some terminals begin a new line
                ascii=not (terminal.encoding or "").lower().startswith("utf"),
                prefix="Trials",
                unit="trial",
                postfix=self._best,
            )
        )


class StreamAbove:
    """A standard stream whose text is written above the bar."""

    def __init__(self, stream: TextIO, progress: ProgressBar) -> None:
        self._stream = stream
        self._progress = progress

    def write(self, text: str) -> int:
        """Write the text."""
        return self._progress.write(self._stream, text) if text else 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _redirect(streams: Sequence[Any]) -> None:
    """Replace the standard streams, also in the logging handlers."""
    replacement = dict(zip((id(sys.stdout), id(sys.stderr)), streams, strict=True))
    sys.stdout, sys.stderr = streams
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and id(handler.stream) in replacement:
                handler.setStream(replacement[id(handler.stream)])
