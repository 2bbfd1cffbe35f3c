"""`recsys sync [FOLDER ...]`: send to MLflow what waits in queues.

A run or sweep queues the entries of its record (`.mlflow-queue/` in its folder). They are still there where
MLflow could not be reached or refused them, or all processes were killed; `sync` sends them, in order, once.
A killed sweep is ended in MLflow, and its running trials in the study. `sync` looks in and below the folders
given, or in outputs/ and multirun/.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from recsys.tracking.console import log_errors, tell
from recsys.tracking.queue import Queue, find_queues
from recsys.tracking.sender import send_folder

WAIT = 0.1  # seconds between looks at a queue that another process sends


def main(arguments: Sequence[str] | None = None) -> int:
    """Send; 0 if nothing is left waiting."""
    parser = argparse.ArgumentParser(prog="python -m recsys sync", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    log_errors()
    return _sync(given.folders)


def _sync(folders: list[Path]) -> int:
    places = folders or [Path("outputs"), Path("multirun")]
    missing = [str(place) for place in folders if not place.is_dir()]
    if missing:
        print(f"There is no folder {missing[0]}.", file=sys.stderr)
        return 2
    queues = find_queues([place.resolve() for place in places])
    sent = [_send(queue) for queue in queues]
    tell(f"{sum(sent)} of {len(queues)} queues were sent." if queues else "Nothing waits to be sent.")
    return 0 if all(sent) else 1


def _send(queue: Queue) -> bool:
    """Send a queue; one that cannot be read is told, and the others get their turn."""
    try:
        _wait_for_other(queue)
        sent = send_folder(queue, tell, refused=True)
    except Exception as error:
        logging.getLogger(__name__).error("%s cannot be sent", queue.path, exc_info=error)
        return False
    if queue.refused:
        tell(f"MLflow refused {queue.refusals()}. When that is corrected, send it: {_command(queue)}")
    return sent


def _wait_for_other(queue: Queue) -> None:
    """Wait for the sender of a run or sweep that has ended; it sends what is left."""
    said = False
    while (queue.over or not queue.is_written()) and queue.is_taken():
        if not said:
            tell(f"Waiting for another process, which is sending {queue.path}.")
            said = True
        time.sleep(WAIT)


def _command(queue: Queue) -> str:
    return f"python -m recsys sync {shlex.quote(str(queue.folder))}"
