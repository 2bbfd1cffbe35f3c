"""Cures: which messages are tried, and how what can be typed is taken out of a printed message."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from recsys.runs.trusted import CONF

Test = TypeVar("Test", bound=Callable[..., None])

HEADER = "user_id,item_id,rating,timestamp\n"
# Eight users with seven likes each, at times of their own; and baskets of the same items.
LIKES = [(user, item, 10 * user + item) for user in range(8) for item in range(8) if (user + item) % 8]
RATINGS = HEADER + "".join(f"{user},i{item},{5 - item % 2},{time}\n" for user, item, time in LIKES)
AT_ONE_MOMENT = HEADER + "".join(f"{user},i{item},5,0\n" for user, item, _ in LIKES)
BASKETS = "user_id,item_id\n" + "".join(f"{user},i{item}\n" for user, item, _ in LIKES)
SMALL = "user_id,item_id\n" + "".join(f"{user},i{item}\n" for user, item, _ in LIKES if item < 3)
# Eight customers with six orders of three items.
ORDERS = "user_id,order_id,item_id\n" + "".join(
    f"{user},{order},i{4 * step + user * order % (1 + 2 * step)}\n"
    for user in range(8)
    for order in range(1, 7)
    for step in range(3)
)
FILES = {
    "ratings.csv": RATINGS,
    "moment.csv": AT_ONE_MOMENT,
    "baskets.csv": BASKETS,
    "orders.csv": ORDERS,
    "small.csv": SMALL,
    "stairs.csv": "user_id,item_id\n" + "".join(f"{u},i{i}\n" for u in range(8) for i in range(u + 1)),
    "quote.csv": BASKETS + '9,"7 inch\n9,i1\n',
    "two.csv": HEADER
    + "".join(f"{user},i{user},5,{time}\n" for user in range(4) for time in (user,))
    + "9,i1,5,7\n9,i2,5,8\n",
}
RATED = "dataset=csv dataset.path=ratings.csv dataset.columns.timestamp=timestamp apriori.min_support=0.4"
BASKET = (
    "dataset=csv dataset.layout=baskets dataset.path=baskets.csv preprocessing=all evaluation=none "
    "apriori.min_support=0.4"
)
ORDER = (
    "dataset=table dataset.path=orders.csv dataset.columns.user_id=user_id "
    "dataset.columns.order_id=[user_id,order_id] evaluation=next_basket apriori.min_support=0.2"
)

_OVERRIDE = r"""(?:'~[\w./]+'|'[\w./]+=(?:[^']|'"'"')*'|[\w./]+=[^\s;,)]*[^\s;,.)])"""


def tries(file: str, *pieces: str) -> Callable[[Test], Test]:
    """Mark a test as one that tries the cures of messages of a file; `test_every_cure` reads the marks."""
    return lambda test: test


def write_files(folder: Path) -> None:
    """Write the files that the commands read."""
    for name, text in FILES.items():
        (folder / name).write_text(text)


def overrides_in(message: str, after: str = "Got ") -> list[list[str]]:
    """Return the overrides that a message advises, as a shell passes them on; those side by side go together.

    Parameters
    ----------
    message : str
    after : str
        What the advice stands behind: the last occurrence counts.
    """
    (line,) = [line for line in message.splitlines() if after in line]
    found = re.findall(rf"{_OVERRIDE}(?: {_OVERRIDE})*", line.rpartition(after)[2])
    assert found, line
    return [shlex.split(one) for one in found]


def command_in(message: object, after: str) -> list[str]:
    """Return the words after `python -m recsys` in the command that stands behind a text."""
    (line,) = [line for line in str(message).splitlines() if after in line]
    words = shlex.split(re.split(r"[,;)]|\.$", line.rpartition(after)[2])[0])
    assert words[:3] == ["python", "-m", "recsys"], message
    return words[3:]


def applied(command: Sequence[str], cure: Sequence[str]) -> list[str]:
    """Return a command with overrides in the place of those of the same keys, or of keys below a group."""
    keys = [override.partition("=")[0] for override in cure]
    kept = [word for word in command if not any(re.match(rf"{re.escape(key)}[=.]", word) for key in keys)]
    return kept + list(cure)


def composed(*overrides: str) -> DictConfig:
    """Return the configuration of a command."""
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="recsys"):
        return compose("config", list(overrides), return_hydra_config=True)
