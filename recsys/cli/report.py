"""Make the report of a sweep again: `python -m recsys report FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recsys.reporting.report import write_report


def main(arguments: list[str] | None = None) -> int:
    """Write `report.html` into the folder, and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m recsys report", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the folder of a sweep")
    try:
        print(write_report(parser.parse_args(arguments).folder.resolve()))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
