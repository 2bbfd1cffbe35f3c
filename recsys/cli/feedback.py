"""`recsys feedback`: which recommendations people accept, and how another model would have done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import masked
from recsys.cli import terminal
from recsys.errors import DataError
from recsys.feedback import FeedbackStore
from recsys.metrics import DECIMALS
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
CHAMPION = "models:/recsys@champion"


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return the exit code."""
    parser = terminal.parser("feedback", example=EXAMPLE)
    parser.add_argument(
        "--feedback", metavar="DATABASE", default="feedback.db", help="SQLite file or URL (%(default)s)"
    )
    parser.add_argument("--rules", metavar="N", type=int, default=10, help="number of rules (%(default)s)")
    parser.add_argument("--replay", metavar="MODEL", help="where it would have ranked the accepted items")
    parser.add_argument("--against", metavar="MODEL", default=CHAMPION, help="baseline (%(default)s)")
    parser.add_argument("--k", metavar="N", type=int, default=10, help="length of the lists (%(default)s)")
    given = parser.parse_args(arguments)
    print(report(given.feedback, given.rules, given.replay, given.against, given.k))
    return 0


def report(
    feedback: str, n_rules: int = 10, model: str | None = None, against: str = CHAMPION, k: int = 10
) -> str:
    """Return the acceptance by source, version and rule, and a comparison of two models on accepted items.

    `n_rules` limits the rules, those with the most thumbs first. Models are given as for `load_bundle`, which
    may raise its errors. DataError is raised if the database cannot be read, or there is nothing to compare.
    """
    require_integer("rules", n_rules, minimum=0)
    store = FeedbackStore.open(feedback, make=False)
    try:
        thumbs = store.read()
        acceptances = {
            "source": store.acceptance("source"),
            "version": store.acceptance("model_version"),
            "rule": store.acceptance("rule", n_rules),
        }
    finally:
        store.close()
    people, up = len({one.user_id for one in thumbs}), sum(one.liked for one in thumbs)
    parts = [f"{masked(feedback)}: {len(thumbs):,} thumbs, {up:,} of them up, by {people:,} people."]
    for name, found in acceptances.items():
        rows = [(one.name, f"{one.up:,}", f"{one.total:,}", f"{one.rate:.0%}") for one in found]
        if rows:
            parts.append(terminal.table([(name, "up", "all", "accepted"), *rows]))
    if model is not None:
        parts.append(_comparison(thumbs, (model, against), k))
    return "\n\n".join(parts)


def _comparison(feedback: Sequence[Feedback], models: tuple[str, str], k: int) -> str:
    from recsys.evaluation import paired_differences
    from recsys.models.mlflow_model import load_bundle
    from recsys.serving.replay import liked, replay

    thumbs = liked(feedback)
    if not thumbs:
        raise DataError("Nothing was accepted yet: there are no items to compare models on.")
    bundles = [load_bundle(model) for model in models]
    first, second = (replay(bundle, thumbs, k) for bundle in bundles)
    rows: list[tuple[str, ...]] = [("accepted items", *models, "difference")]
    for name, difference in paired_differences(first, second).items():
        values = (f"{one.metrics[name]:{DECIMALS}}" for one in (first, second))
        rows.append((name, *values, f"{difference:+{DECIMALS}}"))
    notes = [
        f"{len(thumbs):,} items accepted by {len(first.users):,} people, paired person by person, at 95%.",
        "People judge what they were shown: that favours the model that showed it.",
    ]
    for model, bundle in zip(models, bundles, strict=True):
        if n_used := _n_used(bundle, thumbs):
            notes.append(f"{model} was fitted on feedback, which may include {n_used:,} of these thumbs.")
    return "\n".join([terminal.table(rows), *notes])


def _n_used(bundle: Bundle, thumbs: Sequence[Feedback]) -> int:
    """Return the number of thumbs that a bundle may have been fitted on: those before it."""
    config: dict[str, Any] = bundle.metadata.get("config", {})
    if not config.get("dataset", {}).get("feedback"):
        return 0
    created = datetime.fromisoformat(bundle.metadata["created"]).astimezone(UTC).timestamp()
    return sum(one.created < 1000 * (created + 1) for one in thumbs)  # the time is in whole seconds
