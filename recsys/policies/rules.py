"""Rules of policies as a file states them, by names."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["item", "id", "title", "category"]


@dataclass(frozen=True)
class Entry:
    """An item, by its id or its title, or all items of a category."""

    place: str  # in the file: never_with[0].if[2]
    name: str
    kind: Kind = "item"  # item: an id or a title


@dataclass(frozen=True)
class NeverWith:
    """Items that are not recommended when the history holds one of others."""

    if_: tuple[Entry, ...]
    never: tuple[Entry, ...]


@dataclass(frozen=True)
class AlwaysWith:
    """Items at the top of the list when the history holds one of others, and why."""

    if_: tuple[Entry, ...]
    recommend: tuple[Entry, ...]
    reason: str | None = None


@dataclass(frozen=True)
class Pinned:
    """Items at the top of every list, and why."""

    recommend: tuple[Entry, ...]
    reason: str | None = None
