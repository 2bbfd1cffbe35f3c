"""`recsys report`: write the report of a sweep again."""

from collections.abc import Sequence
from pathlib import Path

from recsys.cli import terminal
from recsys.reporting.report import write_report


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Write `report.html` into the folder and print its path; return the exit code."""
    parser = terminal.parser("report")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of a sweep")
    print(write_report(parser.parse_args(arguments).folder.resolve()))
    return 0
