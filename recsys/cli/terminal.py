"""Parsers, tables and errors of the sub-commands."""

import argparse
import os
import select
import sys
from collections.abc import Callable, Sequence
from functools import wraps

from optuna_sweeper.safe_text import printable
from recsys.cli import COMMANDS
from recsys.errors import RecsysError

MODEL = "folder of a run, a trial, a sweep or a bundle; or an MLflow address: models:/recsys@champion"

Main = Callable[[Sequence[str] | None], int]


def parser(command: str, details: str = "", example: str = "") -> argparse.ArgumentParser:
    """Return the parser of a sub-command, without its options."""
    text = COMMANDS[command]
    return argparse.ArgumentParser(
        prog=f"python -m recsys {command}",
        description=f"{text[0].upper()}{text[1:]}.\n{details}",
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def print_errors(main: Main) -> Main:
    """Decorate the function of a sub-command: print a `RecsysError` and return exit code 1.

    That is also the code where nobody reads what is printed, as behind `| head`.
    """

    @wraps(main)
    def run(arguments: Sequence[str] | None = None) -> int:
        try:
            code = main(arguments)
            sys.stdout.flush()
            return code
        except RecsysError as error:
            print(error, file=sys.stderr)
            return 1
        except BrokenPipeError:
            if not _is_closed():
                raise
            return 1

    return run


def _is_closed() -> bool:
    """Return whether nobody reads the standard output; then what is left for it goes nowhere."""
    poll = select.poll()  # an unbuffered stream, which has nothing left to flush, does not tell
    poll.register(sys.stdout.fileno(), 0)
    if not any(events & select.POLLERR for _, events in poll.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, without control characters."""
    cells = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
