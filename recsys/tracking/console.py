"""Output of the programs that send entries."""

import logging
import os
import sys

from optuna_sweeper.safe_text import SafeFormatter


def log_errors() -> None:
    """Log errors only: MLflow and Alembic report each table they make."""
    handler = logging.StreamHandler()
    handler.setFormatter(SafeFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR, handlers=[handler])


def tell(line: str) -> None:
    """Print a line; on standard error if nothing reads standard output any more."""
    try:
        print(line, flush=True)
    except BrokenPipeError:  # the reader was killed; the entries are sent nevertheless
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the rest of the buffer
        sys.stdout = sys.stderr
        print(line, flush=True)
