"""`recsys recommend`: recommendations with their reasons."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from optuna_sweeper.safe_text import printable, printable_lines
from recsys.cli import terminal
from recsys.parameters import require_integer

EXAMPLE = """\
example:
  python -m recsys hydra.run.dir=outputs/first
  python -m recsys recommend --model outputs/first --likes "Toy Story (1995)" "Heat (1995)"
"""
MEASURES = {"support_count": "{:,} like both", "confidence": "confidence {:.2f}", "lift": "lift {:.2f}"}
LIKES = "titles, or ids of items without one, the latest last"
SEEN = "titles or ids of other rated items, such as disliked ones: they are not recommended"


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print recommendations; return the exit code."""
    parser = terminal.parser("recommend", example=EXAMPLE)
    parser.add_argument("--model", required=True, metavar="MODEL", help=terminal.MODEL)
    parser.add_argument("--likes", nargs="*", default=[], metavar="TITLE", help=LIKES)
    parser.add_argument("--seen", nargs="*", default=[], metavar="TITLE", help=SEEN)
    parser.add_argument(
        "--k", type=int, metavar="N", default=10, help="number of recommendations (%(default)s)"
    )
    parser.add_argument("--reasons", type=int, metavar="N", default=2, help="of each (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    answer = recommend(given.model, given.likes, given.k, given.reasons, given.seen)
    if given.json:
        # Titles may contain control characters.
        print(printable_lines(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False)))
    else:
        print(_text(answer))
    return 0


def recommend(
    model: str, likes: Sequence[str], k: int = 10, reasons: int = 3, seen: Sequence[str] = ()
) -> dict[str, Any]:
    """Recommend for a user who likes some titles, or ids of items without one, the latest last.

    Neither these nor what else the user has rated (`seen`, in the same form) is recommended. `model` as for
    `recsys.models.training.load_or_fit`. The answer has `likes`, as titles, and `recommendations`.
    DataNotFoundError is raised if there is no such model, TitleError if a title matches no item, or several.
    """
    require_integer("k", k, minimum=1)
    require_integer("reasons", reasons, minimum=0)
    from recsys.models.training import load_or_fit  # late: --help does not need it

    bundle = load_or_fit(model)
    liked = list(dict.fromkeys(bundle.find(title) for title in likes))
    rated = [bundle.find(title) for title in seen]
    (found,) = bundle.recommend([liked], k, n_reasons=reasons, seen=[rated])
    recommendations = [{"title": one.title, **asdict(one)} for one in found]
    for one in recommendations:
        for reason in one["reasons"]:
            reason["antecedents"] = [item["title"] for item in reason["antecedents"]]
    return {"likes": bundle.catalog.titles(liked), "recommendations": recommendations}


def _text(answer: dict[str, Any]) -> str:
    lines = ["You like " + "; ".join(answer["likes"] or ["nothing yet"]) + ".", ""]
    for rank, one in enumerate(answer["recommendations"], start=1):
        lines.append(f"{rank:3}. {one['title']}" + (" (popular)" if one["source"] == "fallback" else ""))
        lines += [f"     {_reason(reason)}" for reason in one["reasons"]]
    return "\n".join(map(printable, lines))


def _reason(reason: dict[str, Any]) -> str:
    if not reason["antecedents"]:
        count = reason["support_count"]
        liked = "popular" if count is None else f"liked by {count:,}"
        return liked if reason["share"] == 1 else f"{reason['share']:4.0%} because it is popular ({liked})"
    numbers = [text.format(reason[name]) for name, text in MEASURES.items() if reason[name] is not None]
    text = f"{reason['share']:4.0%} because you like " + " and ".join(reason["antecedents"])
    return text + (f" ({', '.join(numbers)})" if numbers else "")
