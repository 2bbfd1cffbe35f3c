"""`recsys report`: write the report of a sweep again."""

from collections.abc import Sequence
from pathlib import Path

from recsys.cli import terminal


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Write `report.html` into the folder and print its path; return the exit code."""
    parser = terminal.parser("report")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of a sweep")
    folder = parser.parse_args(arguments).folder.resolve()
    from recsys.reporting.report import write_report  # late: --help does not need it

    print(write_report(folder))
    return 0
