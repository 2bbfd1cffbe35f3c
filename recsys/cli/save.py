"""`recsys save`: write a fitted model into a folder."""

from collections.abc import Sequence
from pathlib import Path

from recsys.cli import terminal

EXAMPLE = """\
example:
  python -m recsys save outputs/first model
  python -m recsys serve --model model
"""


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Load or fit the model, write its bundle and print the folder; return the exit code."""
    parser = terminal.parser("save", example=EXAMPLE)
    parser.add_argument("model", metavar="MODEL", help=terminal.MODEL)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or an empty folder")
    given = parser.parse_args(arguments)
    from recsys.models.training import load_or_fit  # late: --help does not need it

    load_or_fit(given.model).save(given.folder)
    print(given.folder)
    return 0
