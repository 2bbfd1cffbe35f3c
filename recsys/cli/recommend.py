"""`python -m recsys recommend`: recommendations, with their reasons, in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import printable, printable_lines
from recsys.errors import RecsysError

if TYPE_CHECKING:
    from recsys.models.bundle import Bundle
    from recsys.models.recommendation import Recommendation

EXAMPLE = """\
example:
  python -m recsys hydra.run.dir=outputs/first
  python -m recsys recommend --model outputs/first --likes "Toy Story (1995)" "Heat (1995)"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print recommendations; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        answer = recommend(asked.model, asked.likes, asked.k, asked.reasons)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return 1
    print(_json(answer) if asked.json else _text(answer))
    return 0


def recommend(model: str, likes: Sequence[str], k: int = 10, n_reasons: int = 3) -> dict[str, Any]:
    """Recommend for somebody who likes some titles.

    Parameters
    ----------
    model : str
        The folder of a run, of a trial, or of a sweep, whose best trial is taken: its configuration is learnt
        anew, from all ratings. Or a model that is fitted: an address of MLflow such as
        models:/recsys@champion, or the folder of a bundle.
    likes : sequence of str
        Titles, as people write them, or ids of items without one; the one liked last comes last.
    k : int
        Number of recommendations.
    n_reasons : int
        Number of reasons of each, at most.

    Returns
    -------
    dict
        `likes`: titles. `recommendations`: for each its title, score, source and reasons.

    Raises
    ------
    DataNotFoundError
        If there is neither a configuration nor a bundle in the folder, or MLflow has no such model.
    TitleError
        If a title is not clear.
    """
    bundle = _bundle(model)
    liked = list(dict.fromkeys(bundle.find(title) for title in likes))
    (found,) = bundle.recommend([liked], k, n_reasons=n_reasons)
    return {"likes": bundle.catalog.titles(liked), "recommendations": [_as_dict(one) for one in found]}


def _bundle(model: str) -> Bundle:
    # Imported here: --help must not wait for it.
    from recsys.models.mlflow_model import is_address, load_bundle
    from recsys.models.training import train

    is_bundle = is_address(model) or (Path(model) / "bundle.json").exists()
    return load_bundle(model) if is_bundle else train(Path(model))


def _as_dict(one: Recommendation) -> dict[str, Any]:
    """Return a recommendation as JSON, its reasons with titles alone."""
    reasons = [
        asdict(reason) | {"antecedents": [item.title for item in reason.antecedents]}
        for reason in one.reasons
    ]
    return {"title": one.title, **asdict(one), "reasons": reasons}


def _json(answer: dict[str, Any]) -> str:
    return printable_lines(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))


def _text(answer: dict[str, Any]) -> str:
    lines = ["You like " + "; ".join(answer["likes"] or ["nothing yet"]) + ".", ""]
    for rank, one in enumerate(answer["recommendations"], start=1):
        lines.append(f"{rank:3}. {one['title']}" + (" (popular)" if one["source"] == "fallback" else ""))
        lines += [f"     {_reason(reason)}" for reason in one["reasons"]]
    return "\n".join(map(printable, lines))  # a title may hold anything


def _reason(reason: dict[str, Any]) -> str:
    if not reason["antecedents"]:
        return f"liked by {reason['support_count']:,}" if reason["support_count"] is not None else "popular"
    text = f"{reason['share']:4.0%} because you like " + " and ".join(reason["antecedents"])
    numbers = []
    if reason["support_count"] is not None:
        numbers.append(f"{reason['support_count']:,} like both")
    numbers += [f"{name} {reason[name]:.2f}" for name in ("confidence", "lift") if reason[name] is not None]
    return text + (f" ({', '.join(numbers)})" if numbers else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys recommend",
        description="Recommend movies to somebody, and say why.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="FOLDER",
        help="of a run, a trial, a sweep or a bundle; or an address of MLflow: models:/recsys@champion",
    )
    parser.add_argument(
        "--likes",
        nargs="*",
        default=[],
        metavar="TITLE",
        help="titles, or ids of items without one; the one liked last comes last",
    )
    parser.add_argument(
        "--k", type=positive_integer, default=10, help="number of recommendations (default 10)"
    )
    parser.add_argument(
        "--reasons", type=positive_integer, default=2, help="reasons of each, at most (default 2)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def positive_integer(text: str) -> int:
    """Read an option that is a count; argparse shows the name of this function where it is none."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Got {value}.")
    return value
