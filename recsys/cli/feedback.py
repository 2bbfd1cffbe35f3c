"""`python -m recsys feedback`: what people think of their recommendations, in the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import masked, printable
from recsys.errors import DataError, RecsysError
from recsys.feedback import Acceptance, FeedbackStore
from recsys.parameters import require_integer

if TYPE_CHECKING:
    from recsys.feedback import Feedback
    from recsys.models.bundle import Bundle

EXAMPLE = """\
example:
  python -m recsys experiment=tune_ranking dataset.feedback=feedback.db
  python -m recsys registry register --latest
  python -m recsys feedback --replay models:/recsys@challenger
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        print(report(asked.feedback, asked.rules, asked.replay, asked.against, asked.k))
    except RecsysError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def report(
    feedback: str,
    n_rules: int = 10,
    model: str | None = None,
    against: str = "models:/recsys@champion",
    k: int = 10,
) -> str:
    """Return the acceptance by source and by rule, and what a model would have done.

    Parameters
    ----------
    feedback : str
        Database, a path or a URL.
    n_rules : int
        Rules that are told, at least 0: those with the most thumbs.
    model, against : str
        Models whose lists are compared on what people liked, as `recsys.tracking.load_bundle` takes them;
        none are, if `model` is None.
    k : int
        Length of the lists.

    Raises
    ------
    ParameterError
        If `n_rules` is no such number, named as the option is.
    DataError
        If the database cannot be read, or nothing in it is liked and a model is to be compared.
    RecsysError
        As for `load_bundle`.
    """
    require_integer("rules", n_rules, minimum=0)
    store = FeedbackStore.open(feedback, make=False)
    try:
        said = store.read()
        parts = [_summary(feedback, said)]
        parts.append(_acceptance("source", store.acceptance("source")))
        parts.append(_acceptance("rule", store.acceptance("rule", n_rules)))
    finally:
        store.close()
    if model is not None:
        parts.append(_replayed(said, (model, against), k))
    return "\n\n".join(part for part in parts if part)


def _summary(feedback: str, said: Sequence[Feedback]) -> str:
    people, up = len({one.user_id for one in said}), sum(one.liked for one in said)
    return f"{masked(feedback)}: {len(said):,} thumbs, {up:,} of them up, by {people:,} people."


def _acceptance(what: str, rows: Sequence[Acceptance]) -> str:
    if not rows:
        return ""
    cells = [(one.name, f"{one.up:,}", f"{one.total:,}", f"{one.rate:.0%}") for one in rows]
    return _table([(what, "up", "all", "accepted"), *cells])


def _replayed(said: Sequence[Feedback], models: tuple[str, str], k: int) -> str:
    from recsys.evaluation import paired_differences
    from recsys.models.mlflow_model import load_bundle
    from recsys.serving.replay import liked, replay

    thumbs = liked(said)
    if not thumbs:
        raise DataError("Nothing was liked yet, so that there is nothing to compare models on.")
    bundles = [load_bundle(model) for model in models]
    first, second = (replay(bundle, thumbs, k) for bundle in bundles)
    rows = [("what was liked", *models, "difference")]
    for name, difference in paired_differences(first, second).items():
        rows.append((name, f"{first.metrics[name]:.4f}", f"{second.metrics[name]:.4f}", f"{difference:+.4f}"))
    notes = [
        f"{len(thumbs):,} items liked by {len(first.users):,} people, paired person by person, at 95%.",
        "People judge what they were shown: that favours the model that showed it.",
    ]
    for model, bundle in zip(models, bundles, strict=True):
        if learnt := _learnt(bundle, thumbs):
            notes.append(f"{model} has learnt from feedback; {learnt:,} of these were there before it was.")
    return "\n".join([_table(rows), *notes])


def _learnt(bundle: Bundle, thumbs: Sequence[Feedback]) -> int:
    """Return from how many thumbs a bundle may have learnt: those before it, if it was given feedback."""
    config: dict[str, Any] = bundle.metadata.get("config", {})
    if not config.get("dataset", {}).get("feedback"):
        return 0
    created = datetime.fromisoformat(bundle.metadata["created"]).astimezone(UTC).timestamp()
    return sum(one.created < 1000 * (created + 1) for one in thumbs)  # it is told in whole seconds


def _table(rows: Sequence[Sequence[str]]) -> str:
    rows = [tuple(map(printable, row)) for row in rows]  # ids are what people sent
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys feedback",
        description="Which recommendations people accept, and whether another model would have pleased them.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--feedback", default="feedback.db", help="an SQLite file or a URL (%(default)s)")
    parser.add_argument("--rules", metavar="N", type=int, default=10, help="that are told (%(default)s)")
    parser.add_argument("--replay", metavar="MODEL", help="look where it would have put what was liked")
    parser.add_argument(
        "--against", metavar="MODEL", default="models:/recsys@champion", help="compare it with (%(default)s)"
    )
    parser.add_argument("--k", type=int, default=10, help="length of the lists (%(default)s)")
    return parser
