"""`recsys recommend --users ... --out FILE`: recommendations for many users, into a file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import printable
from recsys.errors import DataError, DataFormatError

if TYPE_CHECKING:
    from recsys.models.bundle import Bundle

ALL = "all"
HEADER = "user_id"
SHOWN = 3  # unknown users in the message


def write_file(bundle: Bundle, given: argparse.Namespace, options: dict[str, Any]) -> None:
    """Write the lists of `given.users` to `given.out`, with a progress bar on a terminal; print a summary.

    `options` are those of `Bundle.recommend`, with titles for items. DataError is raised if the model does
    not know a user, TitleError if it does not know an item, OutputError if the file cannot be written.
    """
    from tqdm import tqdm  # late: --help does not need them

    from recsys.models.recommendation_file import write_recommendations

    users = find_users(bundle, given.users, skip_unknown=given.skip_unknown)
    options = {**options, "k": given.k, "n_reasons": given.reasons}
    for name in ("exclude_items", "only_items"):
        options[name] = options[name] and list(map(bundle.find, options[name]))
    seen = list(map(bundle.find, given.seen))
    started = perf_counter()
    with tqdm(total=len(users), unit="user", desc="Recommending", disable=None) as bar:  # None: no terminal
        n_rows = write_recommendations(bundle, users, given.out, seen, bar.update, **options)
    seconds = perf_counter() - started
    rate = len(users) / max(seconds, 1e-9)
    print(
        f"Wrote {n_rows:,} recommendations for {len(users):,} users to {printable(str(given.out))} "
        f"in {seconds:.1f} s ({rate:,.0f} users per second)."
    )


def find_users(bundle: Bundle, names: Sequence[str], *, skip_unknown: bool = False) -> list[Any]:
    """Return the ids of users of the data, each once.

    Parameters
    ----------
    bundle : Bundle
    names : sequence of str
        ids, or one that is "all" or the name of a file with an id on each line; a header user_id is allowed.
    skip_unknown : bool
        Leave out users that the model does not know, and print their number.

    Raises
    ------
    DataError
        If the model does not know a user, or a name can be read in two ways.
    """
    known = {str(user): user for user in bundle.histories.users.tolist()}
    chosen = _names(names, known)
    unknown = [name for name in chosen if name not in known]
    if unknown and not skip_unknown:
        shown = ", ".join(repr(printable(name)) for name in unknown[:SHOWN])
        no_file = " There is no file of this name, either." if unknown == list(names) else ""
        raise DataError(
            f"--users: the model does not know {len(unknown):,} of {len(chosen):,} users: {shown}"
            f"{', ...' if len(unknown) > SHOWN else '.'}{no_file} To leave them out, add --skip-unknown."
        )
    if unknown:
        print(f"Left out {len(unknown):,} users that the model does not know.")
    found = list(dict.fromkeys(known[name] for name in chosen if name in known))
    if not found:
        raise DataError("--users: there is no user to recommend to.")
    return found


def _names(given: Sequence[str], known: dict[str, Any]) -> list[str]:
    """Return the ids as text."""
    if len(given) > 1:
        return list(given)
    (name,) = given
    is_file = Path(name).is_file()
    if name in known and (is_file or name == ALL):
        other = "all users" if name == ALL else "a file"
        raise DataError(
            f"--users: {name!r} is {other}, and the id of a user. For the user, use --user {name}; "
            f"for a file, write ./{name}."
        )
    if name == ALL:
        return list(known)
    return _read(Path(name), known) if is_file else [name]


def _read(path: Path, known: dict[str, Any]) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFormatError(
            f"--users: {path} is no text file with a user id on each line: {error}"
        ) from error
    names = [line.strip() for line in lines if line.strip()]
    return names[1:] if names[:1] == [HEADER] and HEADER not in known else names
