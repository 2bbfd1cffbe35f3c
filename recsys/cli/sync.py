"""Send to MLflow what waits in queues: `python -m recsys.tracking sync [FOLDER ...]`.

A run or sweep queues the entries of its record (`.mlflow-queue/` in its folder). They are still there where
MLflow could not be reached or refused them, or all processes were killed; `sync` sends them, in order, once.
A killed sweep is ended in MLflow, and its running trials in the study. `sync` looks in and below the folders
given, or in outputs/ and multirun/.

`python -m recsys.tracking ui` starts MLflow's UI and says which page shows the runs.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import select
import shlex
import sys
import time
from pathlib import Path

from optuna_sweeper.safe_text import SafeFormatter
from recsys.tracking.queue import Queue, find_queues
from recsys.tracking.sender import Sender, send_folder
from recsys.tracking.sender_process import VERDICT
from recsys.tracking.ui import run_ui

WAIT = 0.1  # seconds between looks at a queue that another process sends


def main(arguments: list[str] | None = None) -> int:
    """Send; 0 if nothing is left waiting."""
    parser = argparse.ArgumentParser(prog="python -m recsys.tracking", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sync = commands.add_parser("sync", help="send what waits in the queues below some folders")
    sync.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    follow = commands.add_parser("follow", help="send one queue until standard input closes (used by runs)")
    follow.add_argument("folder", type=Path, metavar="FOLDER")
    follow.add_argument("--patience", type=float, default=0.0, metavar="SECONDS")
    ui = commands.add_parser("ui", help="start MLflow's UI, and print the page of the runs")
    ui.add_argument("--port", type=int, default=5000)
    given = parser.parse_args(arguments)
    # MLflow and Alembic report each table they make.
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])
    if given.command == "follow":
        return _follow(given.folder, given.patience)
    return run_ui(given.port) if given.command == "ui" else _sync(given.folders)


def _follow(folder: Path, patience: float) -> int:
    """Send the queue; while another process does, wait for it to end, or for it to have sent everything."""
    # The queue is sent again and again; MLflow's own attempts would only delay what is said about it.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    queue, about, said = Queue(folder.resolve()), {}, False
    while True:
        if queue.about():
            about = queue.about()
            with queue.sole_reader() as alone:
                if alone:
                    return _follow_alone(queue, patience, silent=said)
        over = select.select([sys.stdin.fileno()], [], [], WAIT)[0]
        if over and about and not queue.about():
            queue.open(about)  # the other one is gone, and the last word is this one's
        elif over and not queue.pending():
            return 0
        elif over:
            time.sleep(WAIT)
        elif not said and queue.about():
            _tell(f"Another process is sending {queue.path}, and this one's record with it.")
            _tell(f"{VERDICT}{{}}")
            said = True


def _follow_alone(queue: Queue, patience: float, *, silent: bool) -> int:
    """Say whether MLflow takes the record, unless that was said; then send the queue."""
    sender, parent = Sender(queue, _tell), os.getppid()
    refused = None if silent else sender.check()
    if refused:
        queue.close()
        _tell(VERDICT + json.dumps({"refused": refused}))
        return 1
    if not silent and os.getppid() == parent:  # else nobody listens any more
        _tell(VERDICT + json.dumps(sender.destination()))
    return 0 if sender.follow(sys.stdin.fileno(), patience, parent) else 1


def _sync(folders: list[Path]) -> int:
    places = folders or [Path("outputs"), Path("multirun")]
    missing = [str(place) for place in folders if not place.is_dir()]
    if missing:
        print(f"There is no folder {missing[0]}.", file=sys.stderr)
        return 2
    queues = find_queues([place.resolve() for place in places])
    sent = [_send(queue) for queue in queues]
    _tell(f"{sum(sent)} of {len(queues)} queues were sent." if queues else "Nothing waits to be sent.")
    return 0 if all(sent) else 1


def _send(queue: Queue) -> bool:
    """Send a queue; one that cannot be read is told, and the others get their turn."""
    try:
        _wait_for_other(queue)
        sent = send_folder(queue, _tell, refused=True)
    except Exception as error:
        logging.getLogger(__name__).error("%s cannot be sent", queue.path, exc_info=error)
        return False
    if queue.refused:
        _tell(f"MLflow refused {queue.refusals()}. When that is corrected, send it: {_command(queue)}")
    return sent


def _wait_for_other(queue: Queue) -> None:
    """Wait for the sender of a run or sweep that has ended; it sends what is left."""
    said = False
    while (queue.over or not queue.is_written()) and queue.is_taken():
        if not said:
            _tell(f"Waiting for another process, which is sending {queue.path}.")
            said = True
        time.sleep(WAIT)


def _command(queue: Queue) -> str:
    return f"python -m recsys.tracking sync {shlex.quote(str(queue.folder))}"


def _tell(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # who listened was killed; the record is sent all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is left in the buffer
        sys.stdout = sys.stderr
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
