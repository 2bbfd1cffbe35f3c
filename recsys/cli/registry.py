"""`recsys registry`: versions of the model, and which of them is served."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from optuna_sweeper.safe_text import masked, printable
from recsys.cli import terminal
from recsys.errors import DataNotFoundError
from recsys.metrics import COVERAGE, DECIMALS, N_USERS, NDCG
from recsys.mlflow_store.names import name_of
from recsys.models.gate import Gate
from recsys.runs.files import SWEEP_CONFIG_FILE

if TYPE_CHECKING:
    from recsys.models.promotion import Comparison
    from recsys.models.registry import Registry

WHERE = "The MLflow store is that of MLFLOW_TRACKING_URI, or mlflow.db."
EXAMPLE = """\
example:
  python -m recsys experiment=tune_ranking
  python -m recsys registry register --latest
  python -m recsys registry compare
  python -m recsys registry promote
"""
SWEEPS = Path("multirun")
SHOWN = (name_of(NDCG), name_of(COVERAGE))  # tags in the list


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb of the registry; return 1 if the gate refuses a version."""
    given = parser().parse_args(arguments)
    # Imported late: --help does not need it.
    from recsys.models import promotion
    from recsys.models.registry import Registry

    registry = Registry(given.name)
    match given.verb:
        case "register":
            folder = latest_sweep() if given.latest else given.folder
            promotion.register(registry, folder, not given.no_refit, _gate(given), tell=_tell)
        case "promote":
            decision = promotion.promote(registry, given.version, _gate(given), given.force, tell=_tell)
            return int(not decision.accepted)
        case "rollback":
            now, before = registry.rollback()
            print(f"Version {now} of {given.name} is the champion again, version {before} no longer.")
        case "list":
            print(_list(registry))
        case "compare":
            print(_differences(promotion.compare(registry, given.version, given.other)))
    return 0


def latest_sweep(folder: Path = SWEEPS) -> Path:
    """Return the folder of the sweep that began last; DataNotFoundError is raised if there is none."""
    sweeps = [path.parent for path in folder.glob(f"**/{SWEEP_CONFIG_FILE}")]
    if not sweeps:
        cure = "Run one: python -m recsys experiment=seed_sweep"
        raise DataNotFoundError(f"There is no sweep in {folder}. {cure}")
    return max(sweeps, key=lambda sweep: (sweep / SWEEP_CONFIG_FILE).stat().st_mtime)


def _list(registry: Registry) -> str:
    rows: list[Sequence[str]] = [("version", "aliases", "created", "recommender", "fitted on", *SHOWN)]
    for one in registry.versions():
        created = f"{datetime.fromtimestamp(one.creation_timestamp / 1000, UTC):%Y-%m-%d %H:%M}"
        shown = (one.tags.get(tag, "") for tag in ("recommender", "fitted_on", *SHOWN))
        rows.append((str(one.version), ", ".join(one.aliases), created, *shown))
    return terminal.table(rows) if len(rows) > 1 else f"No version of {registry.name} is registered."


def _differences(found: Comparison) -> str:
    first, second = found.metrics
    rows = [("metric", *(f"version {number}" for number in found.versions), "difference")]
    for name in first:
        if name in second and name != N_USERS:
            difference = f"{found.differences[name]:+{DECIMALS}}" if name in found.differences else ""
            rows.append((name, *(f"{one[name]:{DECIMALS}}" for one in found.metrics), difference))
    return f"{terminal.table(rows)}\n{first[N_USERS]:,.0f} users of the test part, paired."


def _tell(line: str) -> None:
    print(printable(masked(line)))


def _gate(given: argparse.Namespace) -> Gate:
    return Gate(given.metric, given.min_coverage, given.max_latency)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the verbs and their options."""
    parser = terminal.parser("registry", WHERE, EXAMPLE)
    verbs = parser.add_subparsers(dest="verb", required=True)
    default, shown = Gate(), "default: %(default)s"
    named, gated = argparse.ArgumentParser(add_help=False), argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default="recsys", help=f"of the registered model; {shown}")
    gated.add_argument("--metric", default=default.metric, help=shown)
    gated.add_argument("--min-coverage", type=float, default=default.min_coverage, help=shown)
    gated.add_argument(
        "--max-latency", type=float, default=default.max_latency, help=f"milliseconds; {shown}"
    )

    register = verbs.add_parser(
        "register", parents=[named, gated], help="register a run or a sweep as a version, the challenger"
    )
    source = register.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="of a run, a trial or a sweep")
    source.add_argument("--latest", action="store_true", help=f"use the latest sweep below {SWEEPS}/")
    register.add_argument("--no-refit", action="store_true", help="fit on all but the test part")

    promote = verbs.add_parser(
        "promote", parents=[named, gated], help="make a version the champion, if it passes the gate"
    )
    promote.add_argument("version", nargs="?", metavar="VERSION", help="default: the challenger")
    promote.add_argument("--force", action="store_true", help="skip the gate")

    verbs.add_parser("rollback", parents=[named], help="undo the latest promotion")
    verbs.add_parser("list", parents=[named], help="show the versions")
    compare = verbs.add_parser("compare", parents=[named], help="measure two versions on one test part")
    compare.add_argument("version", nargs="?", metavar="VERSION", help="default: the challenger")
    compare.add_argument("other", nargs="?", metavar="OTHER", help="default: the champion")
    return parser
