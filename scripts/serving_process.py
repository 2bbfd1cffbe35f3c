"""Start the service in a process of its own, for the other programs of this folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Serving:
    """A running service.

    Attributes
    ----------
    process : Popen
    port : int
        On 127.0.0.1.
    log : list of str
        Its output so far.
    """

    process: subprocess.Popen[str]
    port: int = 0
    log: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """URL of the service."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(
    command: Sequence[str], folder: Path | str = ".", environment: dict[str, str] | None = None
) -> Iterator[Serving]:
    """Start a server, wait until it is ready, and stop it at the end.

    Parameters
    ----------
    command : sequence of str
        Arguments of `python -m recsys serve`, which takes a free port; or the whole command of another
        server that prints "Uvicorn running on".
    folder : path
        Working directory.
    environment : dict of str to str, optional
        Environment variables in addition to those of this process.
    """
    ours = not command or command[0].startswith("--")
    whole = [sys.executable, "-m", "recsys", "serve", "--port", "0", *command] if ours else [*command]
    process = subprocess.Popen(
        whole, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    server = Serving(process)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            server.log.append(line)
            if running := re.search(r"Uvicorn running on http://[\w.]+:(\d+)", line):
                server.port = int(running[1])
                break
        else:
            raise RuntimeError(f"{' '.join(whole)} ended:\n{''.join(server.log[-40:])}")
        # Without a reader, the server would block when the pipe is full.
        reading = threading.Thread(target=lambda: server.log.extend(process.stdout or ()), daemon=True)
        reading.start()
        yield server
    finally:
        # The whole process group, workers included.
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)
                break
        if server.port:
            reading.join()
        if process.stdout is not None:
            process.stdout.close()
