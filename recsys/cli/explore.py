"""`recsys explore`: all rules of a run or a model, on a page."""

from __future__ import annotations

import logging
import os
import socket
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import SafeFormatter, printable
from recsys.cli import terminal
from recsys.errors import DataError, ParameterError

if TYPE_CHECKING:
    from fastapi import FastAPI

EXAMPLE = """\
example:
  python -m recsys hydra.run.dir=outputs/first
  python -m recsys explore outputs/first
"""
DETAILS = """\
Of a run, a trial or the best trial of a sweep they are all rules, generated again from its configuration;
of a model those that it recommends with. Recommendations are on the page beside it. Ctrl-C ends it all."""
HOST = "127.0.0.1"
HIGHEST_PORT = 2**16 - 1
FIT_AFTER, NEVER = 1.0, 1e9  # seconds


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until interrupted; return the exit code."""
    parser = terminal.parser("explore", DETAILS, EXAMPLE)
    parser.add_argument("folder", metavar="FOLDER", help=terminal.MODEL)
    parser.add_argument(
        "--port", type=int, default=8001, help="of the page; 0 for any that is free (%(default)s)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    given = parser.parse_args(arguments)
    with _listen(given.port) as listening:  # taken before rules are generated; an early browser waits
        app, text = make_app(given.folder)
        address = f"http://{HOST}:{listening.getsockname()[1]}/explorer"
        print(f"{printable(text)}\n{address}  (Ctrl-C ends it)", flush=True)
        if given.open:
            webbrowser.open(address)
        _serve(app, listening)
    return 0


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on a port."""
    if not 0 <= port <= HIGHEST_PORT:
        raise ParameterError("--port", f"0 to {HIGHEST_PORT}", port)
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise DataError(
            f"--port {port}: {os.strerror(error.errno or 0)}. Take one that is free: --port 0"
        ) from error


def make_app(folder: str) -> tuple[FastAPI, str]:
    """Return the application, and a sentence that says what it shows."""
    from recsys.models.training import is_fitted
    from recsys.runs.all_rules import find_all_rules
    from recsys.runs.sweep import run_folder
    from recsys.serving.app import create_app
    from recsys.serving.explorer_content import ExplorerContent
    from recsys.serving.reloader import ModelReloader
    from recsys.serving.settings import Settings
    from recsys.serving.source import RunSource, source_of

    settings = Settings(model=folder)
    if is_fitted(folder):
        reloader = ModelReloader(source_of(folder))
        model = reloader.load().explorer_content
        if model.table is None:
            cure = "Give the folder of its run or sweep, for all rules that it mined."
            raise DataError(f"{folder} recommends without rules ({model.recommender}). {cure}")
        return create_app(
            settings, reloader, None
        ), f"{len(model.table):,} rules that {folder} recommends with."
    run = run_folder(Path(folder))
    interactions, rules = find_all_rules(run)
    # It fits the model when the page is there, for which the rules suffice.
    reloader = ModelReloader(RunSource(run), FIT_AFTER, retry_seconds=NEVER)
    text = f"{len(rules):,} rules of {run} ({interactions.name})."
    return create_app(settings, reloader, None, ExplorerContent.of_run(run, interactions, rules)), text


def _serve(app: FastAPI, listening: socket.socket) -> None:
    """Serve until interrupted."""
    import uvicorn  # late: --help does not need it

    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, ws="none")
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
