"""Program that sends the entries of a run or sweep to MLflow while it goes on.

A run starts it as `python -m recsys.tracking.follow FOLDER --patience SECONDS`; it ends when its standard
input closes and the queue of the folder is sent.
"""

import argparse
import atexit
import gc
import json
import os
import select
import sys
import time
from pathlib import Path

from recsys.mlflow_store.light_import import import_lightly
from recsys.tracking.console import log_errors, tell
from recsys.tracking.delivery import Delivery
from recsys.tracking.queue import Queue
from recsys.tracking.sender import Sender
from recsys.tracking.sender_process import VERDICT

WAIT = 0.1  # seconds between checks of a queue that another process sends


def main(arguments: list[str] | None = None) -> int:
    """Send one queue; while another process does, wait until it ends or has sent everything."""
    parser = argparse.ArgumentParser(prog="python -m recsys.tracking.follow", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--patience", type=float, default=0.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    log_errors()
    # Entries are retried here; retries of MLflow itself would delay the messages.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    queue, about, is_announced = Queue(given.folder.resolve()), {}, False
    while True:
        if found := queue.about():
            about = found
            with queue.sole_reader() as alone:
                if alone:
                    return _follow_alone(queue, given.patience, silent=is_announced)
        over = select.select([sys.stdin.fileno()], [], [], WAIT)[0]
        if over and about and not queue.about():
            queue.open(about)  # the other process is gone: this one sends the last word
        elif over and not queue.pending():
            return 0
        elif over:
            time.sleep(WAIT)
        elif not is_announced and queue.about():
            tell(f"Another process is sending {queue.path}, and this one's record with it.")
            tell(f"{VERDICT}{{}}")
            is_announced = True


def _follow_alone(queue: Queue, patience: float, *, silent: bool) -> int:
    """Print whether MLflow accepts the record, unless silent; then send the queue."""
    delivery, parent = Delivery(queue, tell), os.getppid()
    import_lightly(delivery.record.tracking_uri)
    verdict = {} if silent else delivery.check()
    if "refused" in verdict:
        queue.close()
    if not silent and os.getppid() == parent:  # else the pipe has no reader
        tell(VERDICT + json.dumps(verdict))
    if "refused" in verdict:
        return 1
    return 0 if Sender(delivery).follow(sys.stdin.fileno(), patience, parent) else 1


if __name__ == "__main__":
    gc.freeze()
    atexit.register(gc.freeze)  # both as in recsys.__main__: the run waits for the end of this process
    sys.exit(main())
