"""`python -m recsys.recommend`: recommendations, with their reasons, in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys.errors import DataNotFoundError, RecsysError

EXAMPLE = """\
example:
  python -m recsys hydra.run.dir=outputs/first
  python -m recsys.recommend --model outputs/first --likes "Toy Story (1995)" "Heat (1995)"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print recommendations; return the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        answer = recommend(Path(asked.model), asked.likes, asked.k, asked.reasons)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False) if asked.json else _text(answer))
    return 0


def recommend(model: Path, likes: Sequence[str], k: int = 10, n_reasons: int = 3) -> dict[str, Any]:
    """Recommend for somebody who likes some titles.

    Parameters
    ----------
    model : Path
        The folder of a run, of a trial, or of a sweep, whose best trial is taken. Its configuration is learnt
        anew, from all ratings.
    likes : sequence of str
        Titles, as people write them; the one liked last comes last.
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
        If there is no configuration in the folder.
    TitleError
        If a title is not clear.
    """
    # Imported here: --help must not wait for it.
    import numpy as np

    from recsys.composition import read_experiment
    from recsys.datasets import ItemCatalog, TitleSearch
    from recsys.histories import Histories
    from recsys.pipeline import learn
    from recsys.recommenders import SOURCES

    experiment = read_experiment(_run_folder(model))
    prepared, fitted = learn(experiment)
    catalog, items = prepared.ratings.items or ItemCatalog.empty(), fitted.items
    search = TitleSearch(catalog)
    liked = list(dict.fromkeys(search.find(title) for title in likes))
    order = np.arange(len(liked))
    ids = np.asarray(liked, dtype=items.dtype)
    history = Histories.from_pairs(np.zeros(len(liked), np.int64), ids, order, np.zeros(1, np.int64), items)
    lists = fitted.recommend(history, k)
    found = [place for place in lists.item_indices[0].tolist() if place >= 0]
    title = dict(zip(found, catalog.titles(items[found]), strict=True))
    recommendations = []
    for rank, place in enumerate(found):
        reasons = fitted.explain(history.of(0), place)[:n_reasons]
        recommendations.append(
            {
                "title": title[place],
                "item_id": items[place].item(),
                "score": float(lists.scores[0, rank]),
                "source": SOURCES[lists.sources[0, rank]],
                "reasons": [
                    {
                        "antecedents": catalog.titles(items[list(reason.antecedents)]),
                        "support_count": reason.support_count,
                        "confidence": reason.confidence,
                        "lift": reason.lift,
                        "share": reason.share,
                    }
                    for reason in reasons
                ],
            }
        )
    return {"likes": catalog.titles(ids), "recommendations": recommendations}


def _run_folder(folder: Path) -> Path:
    """Return the folder of a run: the one given, or that of a sweep's best trial."""
    if (folder / "multirun.yaml").exists():
        from recsys.reporting.sweep import read_sweep

        best = read_sweep(folder).best_folder
        if best is None:
            raise DataNotFoundError(f"--model {folder}: no trial of this sweep is complete.")
        return best
    if not (folder / ".hydra" / "config.yaml").exists():
        raise DataNotFoundError(
            f"--model {folder}: neither a run nor a sweep left its configuration there. "
            "Run one, for example python -m recsys hydra.run.dir=outputs/first, and give its folder."
        )
    return folder


def _text(answer: dict[str, Any]) -> str:
    lines = ["You like " + "; ".join(answer["likes"] or ["nothing yet"]) + ".", ""]
    for rank, one in enumerate(answer["recommendations"], start=1):
        lines.append(f"{rank:3}. {one['title']}" + (" (popular)" if one["source"] == "fallback" else ""))
        lines += [f"     {_reason(reason)}" for reason in one["reasons"]]
    return "\n".join(lines)


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
        prog="python -m recsys.recommend",
        description="Recommend movies to somebody, and say why.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="FOLDER", help="of a run, a trial or a sweep")
    parser.add_argument(
        "--likes", nargs="*", default=[], metavar="TITLE", help="titles; the one liked last comes last"
    )
    parser.add_argument("--k", type=_positive, default=10, help="number of recommendations (default 10)")
    parser.add_argument("--reasons", type=_positive, default=2, help="reasons of each, at most (default 2)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1. Got {value}.")
    return value


if __name__ == "__main__":
    sys.exit(main())
