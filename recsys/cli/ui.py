"""`recsys ui`: start MLflow's UI, and print the page of the runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from recsys.tracking.console import log_errors
from recsys.tracking.ui import run_ui


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the process of `mlflow ui`; return the exit code where that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m recsys ui", description=__doc__)
    parser.add_argument("--port", type=int, default=5000)
    given = parser.parse_args(arguments)
    log_errors()
    return run_ui(given.port)
