"""`python -m recsys registry`: versions of the model, and which of them serves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked, printable
from recsys.errors import DataNotFoundError, RecsysError
from recsys.metrics import COVERAGE, N_USERS, NDCG
from recsys.mlflow_store.names import name_of
from recsys.models.gate import Gate
from recsys.runs.files import SWEEP_CONFIG_FILE

if TYPE_CHECKING:
    from recsys.models.registry import Comparison, Version

EXAMPLE = """\
example:
  python -m recsys experiment=tune_ranking
  python -m recsys registry register --latest
  python -m recsys registry compare
  python -m recsys registry promote
"""
SWEEPS = Path("multirun")
SHOWN = (name_of(NDCG), name_of(COVERAGE))  # of the tags, in the list


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked; 0 if it was done, 1 if not, as where the gate refuses."""
    asked = _parser().parse_args(arguments)
    try:
        done: bool = asked.do(asked)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if done else 1


def latest_sweep(folder: Path = SWEEPS) -> Path:
    """Return the folder of the sweep that began last.

    Raises
    ------
    DataNotFoundError
        If there is none.
    """
    sweeps = [path.parent for path in folder.glob(f"**/{SWEEP_CONFIG_FILE}")]
    if not sweeps:
        raise DataNotFoundError(
            f"There is no sweep in {folder}. Run one: python -m recsys experiment=seed_sweep"
        )
    return max(sweeps, key=lambda sweep: (sweep / SWEEP_CONFIG_FILE).stat().st_mtime)


def _register(asked: argparse.Namespace) -> bool:
    from recsys.models.registry import register

    folder = latest_sweep() if asked.latest else asked.folder
    register(folder, asked.name, not asked.no_refit, _gate(asked), tell=_tell)
    return True


def _promote(asked: argparse.Namespace) -> bool:
    from recsys.models.registry import promote

    return promote(asked.version, asked.name, _gate(asked), asked.force, tell=_tell).accepted


def _rollback(asked: argparse.Namespace) -> bool:
    from recsys.models.registry import rollback

    rollback(asked.name, tell=_tell)
    return True


def _list(asked: argparse.Namespace) -> bool:
    from recsys.models.registry import versions

    found = versions(asked.name)
    header = ("version", "aliases", "created", "recommender", "learnt from", *SHOWN)
    print(_table([header, *map(_row, found)]) if found else f"No version of {asked.name} is registered.")
    return True


def _compare(asked: argparse.Namespace) -> bool:
    from recsys.models.registry import compare

    print(_differences(compare(asked.version, asked.other, asked.name)))
    return True


def _tell(line: str) -> None:
    print(printable(masked(line)))


def _gate(asked: argparse.Namespace) -> Gate:
    return Gate(asked.metric, asked.min_coverage, asked.max_latency)


def _row(one: Version) -> tuple[str, ...]:
    tags = (one.tags.get(tag, "") for tag in ("recommender", "learnt_from", *SHOWN))
    return one.number, ", ".join(one.aliases), f"{one.created:%Y-%m-%d %H:%M}", *tags


def _differences(found: Comparison) -> str:
    """Return a comparison as a table."""
    first, second = found.metrics
    rows = [("metric", *(f"version {number}" for number in found.versions), "difference")]
    for name in first:
        if name in second and name != N_USERS:
            difference = f"{found.differences[name]:+.4f}" if name in found.differences else ""
            rows.append((name, f"{first[name]:.4f}", f"{second[name]:.4f}", difference))
    return _table(rows) + f"\n{first[N_USERS]:,.0f} users of the test part, paired."


def _table(rows: list[tuple[str, ...]]) -> str:
    rows = [tuple(map(printable, row)) for row in rows]  # tags are what a dataset was called
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys registry",
        description="Versions of the model, and which of them serves. MLflow is looked for at "
        "MLFLOW_TRACKING_URI, or in mlflow.db.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)

    register = commands.add_parser("register", help="make a version, the challenger, of a run or a sweep")
    what = register.add_mutually_exclusive_group(required=True)
    what.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="of a run, a trial or a sweep")
    what.add_argument("--latest", action="store_true", help=f"take the latest sweep below {SWEEPS}/")
    register.add_argument("--no-refit", action="store_true", help="learn from all but the test part")
    register.set_defaults(do=_register)

    promote = commands.add_parser("promote", help="make a version the champion, if the gate lets it")
    promote.add_argument("version", nargs="?", metavar="VERSION", help="default: the challenger")
    promote.add_argument("--force", action="store_true", help="by hand, without the gate")
    promote.set_defaults(do=_promote)

    rollback = commands.add_parser("rollback", help="undo the last promotion; again: the one before")
    rollback.set_defaults(do=_rollback)

    listed = commands.add_parser("list", help="show the versions")
    listed.set_defaults(do=_list)

    compare = commands.add_parser("compare", help="measure two versions on one test part")
    compare.add_argument("version", nargs="?", metavar="VERSION", help="default: the challenger")
    compare.add_argument("other", nargs="?", metavar="OTHER", help="default: the champion")
    compare.set_defaults(do=_compare)

    gate = Gate()
    for command in (register, promote):
        command.add_argument("--metric", default=gate.metric, help="default: %(default)s")
        command.add_argument(
            "--min-coverage", type=float, default=gate.min_coverage, help="default: %(default)s"
        )
        command.add_argument(
            "--max-latency", type=float, default=gate.max_latency, help="milliseconds; default: %(default)s"
        )
    for command in (register, promote, rollback, listed, compare):
        command.add_argument("--name", default="recsys", help="of the registered model; default: %(default)s")
    return parser
