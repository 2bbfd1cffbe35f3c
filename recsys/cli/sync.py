"""`recsys sync`: send queued entries of the record of runs and sweeps to MLflow."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.cli import terminal
from recsys.errors import DataNotFoundError
from recsys.mlflow_store.address import absolute, configured_address, is_same
from recsys.tracking.console import log_errors, tell
from recsys.tracking.entry import read_entry
from recsys.tracking.queue import Queue, find_queues
from recsys.tracking.sender import send_folder

DETAILS = """\
A run or sweep queues the entries of its record in .mlflow-queue/ of its folder. They are still there if
MLflow could not be reached or refused them, or all processes were killed; sync sends each once, in order.
It ends a killed sweep in MLflow, and its running trials in the study. A queue that names another address
than MLFLOW_TRACKING_URI (mlflow.db if it is not set) is sent only if --tracking-uri repeats that address,
and the study is opened only if it is a file in the folder or below the current one, or if --storage repeats
its address: a folder may come from a stranger.
"""
WAIT = 0.1  # seconds between looks at a queue that another process sends


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Send; return 0 if no entry is left, else 1."""
    parser = terminal.parser("sync", DETAILS)
    where = "where to look for queues, subfolders included; default: outputs and multirun"
    store = "address of MLflow; default: MLFLOW_TRACKING_URI, or mlflow.db"
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help=where)
    parser.add_argument("--tracking-uri", metavar="ADDRESS", help=store)
    parser.add_argument("--storage", metavar="ADDRESS", help="storage of the study, if it is elsewhere")
    given = parser.parse_args(arguments)
    log_errors()
    for folder in given.folders:
        if not folder.is_dir():
            raise DataNotFoundError(f"There is no folder {folder}.")
    address = absolute(given.tracking_uri) if given.tracking_uri else configured_address()
    places = given.folders or [Path("outputs"), Path("multirun")]
    queues = find_queues([place.resolve() for place in places])
    sent = [_send(queue, address, given.storage) for queue in queues]
    tell(f"{sum(sent)} of {len(queues)} queues were sent." if queues else "Nothing waits to be sent.")
    return int(not all(sent))


def _send(queue: Queue, address: str, storage: str | None) -> bool:
    """Send a queue; an error is logged, and the other queues are sent nevertheless."""
    try:
        _wait_for_other(queue)
        if objection := _objection(queue, address, storage):
            tell(objection)
            return False
        sent = send_folder(queue, tell, refused=True)
    except Exception as error:
        logging.getLogger(__name__).error("%s cannot be sent", queue.path, exc_info=error)
        return False
    if queue.refused:
        tell(f"MLflow refused {queue.refusals()}. When that is corrected, send it: {queue.sync_command()}")
    return sent


def _objection(queue: Queue, address: str, storage: str | None) -> str:
    """Return why a queue is not sent: it names another address or storage, or files outside its folder."""
    named = queue.about().get("tracking_uri", address)
    if not is_same(named, address):
        return (
            f"{queue.path} is addressed to {masked(named)}, not to {masked(address)}, and was not sent. "
            f"If you trust that address: {queue.sync_command()}"
        )
    if (study := queue.foreign_storage()) and not (storage and is_same(study, storage)):
        return (
            f"{queue.path} names a study in {masked(study)}, which is neither in the folder nor below the "
            f"current one, and was not sent. If you trust that storage: {queue.sync_command()}"
        )
    for file in queue.pending() + queue.refused_files():
        entry = read_entry(file)
        for name in entry.files if entry else []:
            if not (queue.folder / name).resolve().is_relative_to(queue.folder.resolve()):
                return (
                    f"{queue.path} was not sent: {file.name} would record {name}, which is not in "
                    f"{queue.folder}. If the folder is not yours, delete {queue.path}; otherwise {file}."
                )
    return ""


def _wait_for_other(queue: Queue) -> None:
    """Wait for the sender of a run or sweep that has ended; it sends the remaining entries."""
    announced = False
    while (queue.over or not queue.is_written()) and queue.is_taken():
        if not announced:
            tell(f"Waiting for another process, which is sending {queue.path}.")
            announced = True
        time.sleep(WAIT)
