"""Send to MLflow what waits in queues: `python -m recsys.tracking sync [FOLDER ...]`.

A run or sweep writes down what MLflow is to be told before it is told (`.mlflow-queue/` in its folder). Where
MLflow could not be reached, that is still there; `sync` sends it, in order, and once. It looks in and below
the folders given, or in outputs/ and multirun/.
"""

from __future__ import annotations

import argparse
import logging
import os
import select
import sys
import time
from pathlib import Path

from recsys.tracking.queue import Queue, find_queues
from recsys.tracking.sender import Sender, send_folder

WAIT = 0.1  # seconds between looks at a queue that another process sends


def main(arguments: list[str] | None = None) -> int:
    """Send; 0 if nothing is left waiting."""
    parser = argparse.ArgumentParser(prog="python -m recsys.tracking", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sync = commands.add_parser("sync", help="send what waits in the queues below some folders")
    sync.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    follow = commands.add_parser("follow", help="send one queue until standard input closes (used by runs)")
    follow.add_argument("folder", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    # MLflow and Alembic report each table they make.
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    return _follow(given.folder) if given.command == "follow" else _sync(given.folders)


def _follow(folder: Path) -> int:
    """Send the queue; while another process does, wait for it to end, or for it to have sent everything."""
    queue, about, said = Queue(folder.resolve()), {}, False
    while True:
        if queue.about():
            about = queue.about()
            with queue.sole_reader() as alone:
                if alone:
                    return 0 if Sender(queue, _tell).follow(sys.stdin.fileno()) else 1
        over = select.select([sys.stdin.fileno()], [], [], WAIT)[0]
        if over and about and not queue.about():
            queue.open(about)  # the other one is gone, and the last word is this one's
        elif over and not queue.pending():
            return 0
        elif over:
            time.sleep(WAIT)
        elif not said and queue.about():
            _tell(f"Another process is sending {queue.path}, and this one's record with it.")
            said = True


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
        sent = send_folder(queue, _tell)
    except Exception as error:
        logging.getLogger(__name__).error("%s cannot be sent", queue.path, exc_info=error)
        return False
    if queue.refused:
        _tell(f"MLflow refused what is kept in {queue.refused}.")
    return sent


def _tell(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # who listened was killed; the record is sent all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is left in the buffer
        sys.stdout = sys.stderr
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
