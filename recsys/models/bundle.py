"""A bundle: a fitted model with the catalog and the histories that serving needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recsys.data import ItemCatalog
from recsys.data.histories import Histories
from recsys.datasets import TitleSearch
from recsys.errors import ParameterError
from recsys.parameters import require_integer
from recsys.recommenders import SOURCES, Model, Reason
from recsys.recommenders.model import JSON_CONFIG
from recsys.recommenders.recommendations import Source


@dataclass(slots=True)
class Item:
    """An item and its title."""

    __pydantic_config__: ClassVar = JSON_CONFIG

    item_id: int | str
    title: str
    """The id as text if the item has no title."""


@dataclass(slots=True)
class Recommendation(Item):
    """One item of a list."""

    score: float
    """Finite; higher is better. Scores of different sources are not comparable."""
    source: Source
    reasons: tuple[Reason[Item], ...]
    """The strongest first."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A fitted model with its catalog."""

    model: Model
    catalog: ItemCatalog  # may contain items that the model does not
    histories: Histories  # likes of each known user, over the items of the model
    metadata: dict[str, Any] = field(default_factory=dict)  # facts about it, as JSON
    seen: Histories | None = None  # what else the same users have rated: it is not recommended to them

    def __post_init__(self) -> None:
        seen = self.histories if self.seen is None else self.seen
        for name, histories in (("histories", self.histories), ("seen", seen)):
            if not np.array_equal(histories.items, self.model.items):
                rule = f"over the {len(self.model.items):,} items of the model"
                raise ParameterError(name, rule, histories)
        if not np.array_equal(seen.users, self.histories.users):
            raise ParameterError("seen", f"of the {len(self.histories):,} users of the histories", seen)

    def recommend(
        self,
        likes: Sequence[Sequence[Any]],
        k: int = 10,
        exclude_seen: bool = True,
        n_reasons: int = 0,
        seen: Sequence[Sequence[Any]] | None = None,
    ) -> list[list[Recommendation]]:
        """Recommend at most `k` items, with at most `n_reasons` reasons of each, for some users at once.

        `likes` has one row of ids per user, the latest last; a list of ids within a row is one moment. `seen`
        has what else the users have rated. Ids that the model does not know are left out; the last occurrence
        of an id counts. `exclude_seen` leaves out what is liked or seen. ParameterError is raised if `k` or
        `n_reasons` is invalid.
        """
        k = min(require_integer("k", k, minimum=1), max(len(self.item_ids), 1))
        require_integer("n_reasons", n_reasons, minimum=0)
        histories = self._histories(likes)
        lists = self.model.recommend(histories, k, self._excluded(histories, exclude_seen, seen))
        rows = zip(lists.item_indices.tolist(), lists.scores.tolist(), lists.sources.tolist(), strict=True)
        each = [histories] if len(likes) == 1 else (histories[user : user + 1] for user in range(len(likes)))
        return [self._titled_list(history, *row, n_reasons) for history, row in zip(each, rows, strict=True)]

    def knows(self, item_id: Any) -> bool:
        """Whether the model has an item."""
        return item_id in self._place

    def likes_of(self, user_id: Any) -> list[Any] | None:
        """Return the ids that a known user likes, the earliest first; None if the user is not known."""
        user = self._user.get(user_id)
        return None if user is None else [self.item_ids[item] for item in self.histories.of(user).tolist()]

    def seen_of(self, user_id: Any) -> list[Any] | None:
        """Return the ids that a known user has rated without liking them; None if the user is not known."""
        user = self._user.get(user_id)
        if user is None or self.seen is None:
            return None if user is None else []
        return [self.item_ids[item] for item in self.seen.of(user).tolist()]

    def steps_of(self, user_id: Any) -> list[list[Any]] | None:
        """Return the ids that a known user likes, a list for each moment; None if the user is not known."""
        user = self._user.get(user_id)
        if user is None:
            return None
        return [[self.item_ids[item] for item in step.tolist()] for step in self.histories.steps_of(user)]

    def sample_likes(self, n_users: int) -> list[list[Any]]:
        """Return the likes of known users, spread evenly over them."""
        users = np.linspace(0, len(self.histories) - 1, n_users).astype(int)
        return [[self.item_ids[item] for item in self.histories.of(user).tolist()] for user in users]

    def find(self, title: str) -> Any:
        """Return the id of the item with a title; see `called` and `recsys.datasets.TitleSearch.find`."""
        found = self._search.find(title)
        # By text: the ids of the catalog may be text where those of the model are numbers.
        return self._by_text.get(str(found), found)

    @cached_property
    def called(self) -> ItemCatalog:
        """The catalog with all items of the model; the title of an item without one is its id."""
        ids: list[Any] = self.catalog.item_id.tolist()
        known = set(map(str, ids))
        others = [item for item in self.item_ids if str(item) not in known]
        if not others and all(self.catalog.title):
            return self.catalog
        text = any(isinstance(item, str) for item in [*ids, *others])
        return ItemCatalog(
            np.array([*ids, *others], dtype=np.str_ if text else np.int64),
            (*self.catalog.titles(ids), *map(str, others)),
            (*self.catalog.categories, *[()] * len(others)),
            self.catalog.levels,
            self.catalog.nouns,
        )

    @cached_property
    def item_ids(self) -> list[Any]:
        """The ids of the model's items, ascending, as Python objects."""
        ids: list[Any] = self.model.items.tolist()
        return ids

    def save(self, folder: Path) -> None:
        """Write the bundle into a new folder.

        OutputError is raised if the folder is not empty or cannot be written, ParameterError if the class of
        the model is neither in `recsys.recommenders` nor trusted.
        """
        from recsys.models.bundle_folder import save

        save(folder, self.model, self.catalog, self.histories, self.metadata, self.seen)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a bundle that `save` wrote.

        DataNotFoundError is raised if there is no bundle in the folder, DataFormatError if it is damaged or
        of another version of the format.
        """
        from recsys.models.bundle_folder import load

        return cls(**load(folder))

    @cached_property
    def _search(self) -> TitleSearch:
        return TitleSearch(self.called)

    @cached_property
    def _by_text(self) -> dict[str, Any]:
        return {str(item): item for item in self.item_ids}

    @cached_property
    def _place(self) -> dict[Any, int]:
        return {item: place for place, item in enumerate(self.item_ids)}

    @cached_property
    def _user(self) -> dict[Any, int]:
        return {user: row for row, user in enumerate(self.histories.users.tolist())}

    @cached_property
    def _items(self) -> list[Item]:
        return [Item(*pair) for pair in zip(self.item_ids, self.catalog.titles(self.item_ids), strict=True)]

    def _histories(self, likes: Sequence[Sequence[Any]]) -> Histories:
        rows = [self._places(flatten(row)) for row in likes]
        offsets, indices = _joined(rows)
        steps = np.arange(len(indices))
        if any(list in map(type, row) for row in likes):
            moments = [self._moments(row) for row in likes]
            pairs = zip(moments, rows, strict=True)
            steps = np.array([moment[place] for moment, row in pairs for place in row], dtype=np.int64)
        return Histories(offsets, indices, self.model.items, np.arange(len(rows)), steps)

    def _excluded(
        self, histories: Histories, exclude_seen: bool, seen: Sequence[Sequence[Any]] | None
    ) -> Histories:
        """Return what the lists leave out."""
        if seen is not None and len(seen) != len(histories):
            raise ParameterError("seen", f"a row for each of {len(histories):,} users", len(seen))
        if not exclude_seen:
            return Histories.empty(histories.users, self.model.items)
        if seen is None or not any(seen):
            return histories
        rows = [[*histories.of(user).tolist(), *self._places(row)] for user, row in enumerate(seen)]
        return Histories(*_joined(rows), self.model.items, histories.users)

    def _moments(self, row: Sequence[Any]) -> dict[int | None, int]:
        """Return the moment of each item of a row: the number of the last entry that contains it."""
        return {
            self._place.get(item): moment for moment, entry in enumerate(row) for item in flatten([entry])
        }

    def _places(self, row: Sequence[Any]) -> list[int]:
        """Return the positions of the known items of a row, each at its last occurrence."""
        places = [place for place in map(self._place.get, row) if place is not None]
        return list(dict.fromkeys(reversed(places)))[::-1]

    def _titled_list(
        self, history: Histories, items: list[int], scores: list[float], sources: list[int], n_reasons: int
    ) -> list[Recommendation]:
        """Return one list with titles and reasons, without the empty places at its end."""
        size = len(sources) - sources.count(-1)
        reasons = self.model.explain(history, items[:size], n_reasons) if n_reasons else [[]] * size
        titled = [self._items[item] for item in items[:size]]
        return [
            Recommendation(item.item_id, item.title, score, SOURCES[source], tuple(map(self._explained, why)))
            for item, score, source, why in zip(titled, scores, sources, reasons, strict=False)
        ]

    def _explained(self, reason: Reason[int]) -> Reason[Item]:
        """Return a reason with items for positions, and None for measures that JSON cannot hold."""
        items = tuple([self._items[item] for item in reason.antecedents])
        confidence, lift = _finite(reason.confidence), _finite(reason.lift)
        return Reason(items, reason.support_count, confidence, lift, reason.share, reason.times)


def _joined(rows: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the offsets and the entries of histories."""
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    return offsets, np.array(list(chain.from_iterable(rows)), dtype=np.int32)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def flatten(row: Sequence[Any]) -> list[Any]:
    """Return the ids of a row of likes, those of its lists in their order."""
    if list not in map(type, row):
        return list(row)
    return list(chain.from_iterable(entry if isinstance(entry, list) else [entry] for entry in row))
