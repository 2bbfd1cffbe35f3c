"""`recsys recommend`: recommendations with their reasons."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import printable, printable_lines
from recsys.cli import recommend_batch, terminal
from recsys.cli.registry import SWEEPS, latest_sweep
from recsys.errors import DataError, ParameterError
from recsys.models.reason_text import reason_text, with_titles
from recsys.parameters import require_integer

if TYPE_CHECKING:
    from recsys.data import Nouns
    from recsys.models.bundle import Bundle

EXAMPLE = """\
example:
  python -m recsys hydra.run.dir=outputs/first
  python -m recsys recommend --model outputs/first --likes "Toy Story (1995)" "Heat (1995)"
  python -m recsys recommend --model outputs/first --likes "Heat (1995)" --category Comedy
  python -m recsys experiment=baskets
  python -m recsys recommend --latest --user 17
  python -m recsys recommend --latest --users all --out recommendations.parquet
"""
LIKES = "titles or ids of items liked or bought, the latest last"
SEEN = "titles or ids of other known items, such as disliked ones: they are not recommended"
ORDER = "items of one order; repeat the option for each order, the earliest first"
PENALTY = "from -1, what is popular, to 1, what is surprising; see docs/concepts/popularity.md (%(default)s)"
EXCLUDE_SEEN = (
    "leave out likes, orders and seen items (true, except that what stands in orders may come again where "
    "the model has orders of customers, who buy again)"
)
# Options of the parameters that they set.
TYPED = {
    "categories": "--category",
    "max_per_category": "--max-per-category",
    "popularity_penalty": "--popularity-penalty",
}
USER = "user of the data, such as a customer, instead of items"
USERS = "several users of the data; a file with an id on each line; or all, for all users. Needs --out"
OUT = "file for the recommendations of --users: .parquet, .csv, .json or .jsonl (a JSON object on each line)"
SKIP_UNKNOWN = "leave out those of --users that the model does not know"
SHOWN = 5  # items of a user's latest step


@terminal.print_errors
def main(arguments: Sequence[str] | None = None) -> int:
    """Print recommendations, or write them to a file; return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    _check(parser, given)
    from recsys.models.training import load_or_fit  # late: --help does not need them
    from recsys.policies import Policies

    policies = None if given.policies is None else Policies.read(given.policies)
    bundle = load_or_fit(str(latest_sweep()) if given.latest else given.model)
    if policies is not None:
        bundle = bundle.follow(policies)
    options: dict[str, Any] = {
        "exclude_seen": None if given.exclude_seen is None else given.exclude_seen == "true",
        "exclude_items": given.exclude,
        "only_items": given.only,
        "categories": given.category,
        "max_per_category": given.max_per_category,
        "popularity_penalty": given.popularity_penalty,
    }
    try:
        if given.users is not None:
            recommend_batch.write_file(bundle, given, options)
            return 0
        likes = given.orders or given.likes
        answer = recommend(bundle, likes, given.k, given.reasons, given.seen, given.user, **options)
    except ParameterError as error:
        option = TYPED.get(error.parameter, error.parameter)
        raise ParameterError(option, error.rule, error.value, error.cure) from error
    if given.json:
        # Titles may contain control characters.
        print(printable_lines(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False)))
    else:
        print(_text(answer, bundle.catalog.nouns))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = terminal.parser("recommend", example=EXAMPLE)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", metavar="MODEL", help=terminal.MODEL)
    source.add_argument("--latest", action="store_true", help=f"use the latest sweep below {SWEEPS}/")
    person = parser.add_mutually_exclusive_group()
    person.add_argument("--likes", "--basket", nargs="*", default=[], metavar="TITLE", help=LIKES)
    person.add_argument("--user", metavar="ID", help=USER)
    person.add_argument("--users", nargs="+", metavar="ID", help=USERS)
    person.add_argument(
        "--order", "--orders", dest="orders", nargs="*", action="append", metavar="TITLE", help=ORDER
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help=OUT)
    parser.add_argument("--overwrite", action="store_true", help="replace the file of --out, if there is one")
    parser.add_argument("--skip-unknown", action="store_true", help=SKIP_UNKNOWN)
    parser.add_argument("--seen", nargs="*", default=[], metavar="TITLE", help=SEEN)
    parser.add_argument("--exclude-seen", choices=("true", "false"), help=EXCLUDE_SEEN)
    parser.add_argument("--exclude", nargs="*", default=[], metavar="TITLE", help="recommend none of these")
    parser.add_argument("--only", nargs="+", metavar="TITLE", help="recommend only these")
    parser.add_argument("--category", nargs="+", metavar="NAME", help="recommend only of these categories")
    parser.add_argument("--max-per-category", type=int, metavar="N", help="maximum items of one category")
    parser.add_argument("--popularity-penalty", type=float, metavar="X", default=0.0, help=PENALTY)
    parser.add_argument("--policies", type=Path, metavar="FILE", help="YAML file of policies")
    parser.add_argument(
        "--k", type=int, metavar="N", default=10, help="number of recommendations (%(default)s)"
    )
    parser.add_argument("--reasons", type=int, metavar="N", default=2, help="of each (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    """Refuse options before the model is loaded, which may take long."""
    require_integer("k", given.k, minimum=1)
    require_integer("reasons", given.reasons, minimum=0)
    if given.users is None:
        if given.out is not None or given.overwrite or given.skip_unknown:
            parser.error("--out, --overwrite and --skip-unknown belong to --users, such as --users all")
        return
    if given.json:
        parser.error("--json prints the list of one user; for --users, --out recommendations.json writes it")
    if given.out is None:
        parser.error("--users needs a file for the recommendations, such as --out recommendations.parquet")
    from recsys.models.recommendation_file import check_file  # late: --help does not need it

    check_file("--out", given.out, overwrite=given.overwrite)


def recommend(
    bundle: Bundle,
    likes: Sequence[str | Sequence[str]],
    k: int = 10,
    reasons: int = 3,
    seen: Sequence[str] = (),
    user: str | None = None,
    *,
    exclude_seen: bool | None = None,
    exclude_items: Sequence[str] = (),
    only_items: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    max_per_category: int | None = None,
    popularity_penalty: float = 0.0,
) -> dict[str, Any]:
    """Recommend for a user of the data, or for somebody who likes or has bought some items, the latest last.

    All items, also what else the user knows (`seen`), are titles, or ids that no title is like; a list within
    `likes` is an order. The other options are those of `Bundle.recommend`. The answer has `likes`, as titles,
    and `recommendations`; for a user of the data also `user` and `latest`, the titles of the latest order.
    TitleError is raised if a title matches no item, or several, DataError if the model does not know the
    user.
    """

    def ids(titles: Sequence[str]) -> list[Any]:
        return list(map(bundle.find, titles))

    from recsys.models.bundle import flatten  # late: --help does not need it

    steps: list[Any] = [bundle.find(one) if isinstance(one, str) else ids(one) for one in likes]
    known = ids(seen)
    about: dict[str, Any] = {}
    if user is not None:
        user_id = _find_user(bundle, user)
        steps = bundle.steps_of(user_id) or []
        known += bundle.seen_of(user_id) or []
        about = {"user": user, "latest": bundle.catalog.titles(steps[-1]) if steps else []}
    about["likes"] = bundle.catalog.titles(list(dict.fromkeys(flatten(steps))))
    (found,) = bundle.recommend(
        [steps],
        k,
        exclude_seen,
        reasons,
        [known],
        exclude_items=ids(exclude_items),
        only_items=None if only_items is None else ids(only_items),
        categories=categories,
        max_per_category=max_per_category,
        popularity_penalty=popularity_penalty,
    )
    recommendations = [
        {"title": one.title, **asdict(one), "reasons": list(map(with_titles, one.reasons))} for one in found
    ]
    return {**about, "recommendations": recommendations}


def _find_user(bundle: Bundle, user: str) -> Any:
    users = bundle.histories.users.tolist()
    found = next((one for one in users if str(one) == user), None)
    if found is None:
        example = f" Give another, such as {users[0]}." if users else ""
        raise DataError(f"--user: the model knows no user {printable(user)!r}.{example}")
    return found


def _text(answer: dict[str, Any], nouns: Nouns) -> str:
    lines = [_about(answer, nouns), ""]
    for rank, one in enumerate(answer["recommendations"], start=1):
        lines.append(f"{rank:3}. {one['title']}" + (" (popular)" if one["source"] == "fallback" else ""))
        lines += [f"     {reason_text(reason, one['title'], nouns.verb)}" for reason in one["reasons"]]
    return "\n".join(map(printable, lines))


def _about(answer: dict[str, Any], nouns: Nouns) -> str:
    if "user" not in answer:
        return f"You {nouns.verb} " + "; ".join(answer["likes"] or ["nothing yet"]) + "."
    n, latest = len(answer["likes"]), answer["latest"]
    shown = "; ".join(latest[:SHOWN]) + (f" and {len(latest) - SHOWN} more" if len(latest) > SHOWN else "")
    count = f"{n:,} {nouns.item if n == 1 else nouns.items}"
    return f"User {answer['user']} {nouns.verb} {count}; the latest: {shown or 'none'}."
