"""A bundle: a fitted model with the catalog and the histories that serving needs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recsys.data import CategoryIndex, ItemCatalog
from recsys.data.histories import Histories
from recsys.data.titles import display_title
from recsys.datasets import TitleSearch
from recsys.errors import ParameterError
from recsys.parameters import require_integer
from recsys.policies import BoundPolicies, Pin, Policies
from recsys.recommenders import SOURCES, Model, Reason, Recommendations
from recsys.recommenders.model import JSON_CONFIG
from recsys.recommenders.popularity_penalty import PenalizedModel
from recsys.recommenders.recommendations import POLICY, Source
from recsys.recommenders.selection import CategoryLimit, select


@dataclass(slots=True)
class Item:
    """An item and its title."""

    __pydantic_config__: ClassVar = JSON_CONFIG

    item_id: int | str
    title: str
    """The id as text if the item has no title."""
    display_title: str = field(init=False, default="")
    """As people say it: "The Matrix" for "Matrix, The (1999)"; for display, any search finds both."""
    year: int | None = field(init=False, default=None)
    """The year at the end of the title, if there is one."""

    def __post_init__(self) -> None:
        self.display_title, self.year = display_title(self.title)


@dataclass(slots=True)
class Recommendation(Item):
    """One item of a list."""

    score: float
    """Finite; higher is better. Scores of different sources are not comparable."""
    source: Source
    reasons: tuple[Reason[Item], ...]
    """The strongest first."""
    categories: tuple[str, ...] = ()
    """Of the item; in a hierarchy from coarse to fine."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A fitted model with its catalog."""

    model: Model
    catalog: ItemCatalog  # may contain items that the model does not
    histories: Histories  # likes of each known user, over the items of the model
    metadata: dict[str, Any] = field(default_factory=dict)  # facts about it, as JSON
    seen: Histories | None = None  # what else the same users have rated: it is not recommended to them
    policies: BoundPolicies | None = None  # all lists follow them; not saved

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
        exclude_seen: bool | None = None,
        n_reasons: int = 0,
        seen: Sequence[Sequence[Any]] | None = None,
        *,
        exclude_items: Sequence[Any] = (),
        only_items: Sequence[Any] | None = None,
        categories: Sequence[str] | None = None,
        max_per_category: int | None = None,
        popularity_penalty: float = 0.0,
    ) -> list[list[Recommendation]]:
        """Recommend at most `k` items, with at most `n_reasons` reasons of each, for some users at once.

        A list is shorter than `k` only if fewer items fit. ParameterError is raised if a number is invalid,
        or a category unknown.

        Parameters
        ----------
        likes : sequence of sequence of ids
            One row per user, the latest last; a list of ids within a row is one moment or order. A row
            without lists is one order where the model has orders of customers (`has_orders`), otherwise a
            moment for each item. Where an item stands several times, the last one counts, and with orders
            each. Ids that the model does not know are left out.
        k, n_reasons : int
        exclude_seen : bool, optional
            Leave out what is liked or seen. By default what is seen is left out, and what is liked as by
            `leaves_out`.
        seen : sequence of sequence of ids, optional
            What else the users have rated.
        exclude_items, only_items : sequence of ids, optional
            Items that no list may hold, and the only ones that lists may hold.
        categories : sequence of str, optional
            Only items of at least one of them; see `category_index`.
        max_per_category : int, optional
            The largest number of items of one category in a list; of the finest level in a hierarchy.
        popularity_penalty : float, -1 to 1
            Above 0, scores of popular items are lowered, below 0 raised; see `PenalizedModel`.
        """
        k = min(require_integer("k", k, minimum=1), max(len(self.item_ids), 1))
        require_integer("n_reasons", n_reasons, minimum=0)
        histories = self._histories(likes)
        exclude = self._excluded(likes, histories, exclude_seen, seen)
        candidates = self._candidates(exclude_items, only_items, categories)
        limit = self._limit(max_per_category)
        model = PenalizedModel.of(self.model, popularity_penalty) if popularity_penalty else self.model
        if self.policies is None:
            lists = select(model, histories, k, exclude, candidates, None, limit)
            pins: list[list[Pin]] = [[]] * len(histories)
        else:
            held = map(flatten, likes)
            lists, pins = self.policies.recommend(model, histories, k, exclude, held, candidates, limit)
        each = [histories] if len(likes) == 1 else (histories[user : user + 1] for user in range(len(likes)))
        rows = zip(each, _rows(lists), pins, strict=True)
        return [self._titled_list(history, *row, pinned, n_reasons) for history, row, pinned in rows]

    def explain(
        self, likes: Sequence[Any], item_id: Any, n_reasons: int | None = None
    ) -> tuple[Reason[Item], ...]:
        """Return the reasons for one item, the strongest first, in a list or not.

        `likes` is a row of those of `recommend`. Raises ParameterError if the model does not know the item.
        """
        if not self.knows(item_id):
            rule = f"one of the {len(self.item_ids):,} items of the model"
            raise ParameterError("item_id", rule, item_id)
        (why,) = self.model.explain(self._histories([likes]), self._places([item_id]), n_reasons)
        return tuple(map(self._explained, why))

    @property
    def has_orders(self) -> bool:
        """Whether the model has orders of customers, in which items are bought again."""
        return self.model.train.repeats

    def leaves_out(self, row: Sequence[Any]) -> bool:
        """Whether what is in a row of likes is left out of its list by default.

        Not if the row has orders of a customer, who buys again; what is in a basket is not added to it.
        """
        return not self.has_orders or list not in map(type, row)

    def follow(self, policies: Policies) -> Self:
        """Return the bundle with policies that all its lists follow; raises what `Policies.bind` does."""
        return replace(self, policies=policies.bind(self.called, self.model.items))

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
        """Return what known users like, as `steps_of` with orders, otherwise as `likes_of`."""
        rows = np.linspace(0, len(self.histories) - 1, n_users).astype(int)
        users = self.histories.users[rows].tolist()
        return [(self.steps_of(user) if self.has_orders else self.likes_of(user)) or [] for user in users]

    def find(self, title: str) -> Any:
        """Return the id of the item with a title; see `called` and `recsys.datasets.TitleSearch.find`."""
        found = self._search.find(title)
        # By text: the ids of the catalog may be text where those of the model are numbers.
        return self._by_text.get(str(found), found)

    @cached_property
    def called(self) -> ItemCatalog:
        """The catalog with all items of the model; the title of an item without one is its id."""
        return self.catalog.including(self.model.items)

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

    @cached_property
    def category_index(self) -> CategoryIndex:
        """The categories of the items of the model, of all levels of a hierarchy."""
        return CategoryIndex.of(self.catalog.categories_of(self.item_ids))

    @cached_property
    def _limited_categories(self) -> CategoryIndex:
        """The categories that a list may have too much of: of the finest level in a hierarchy."""
        if not self.catalog.levels:
            return self.category_index
        paths = self.catalog.categories_of(self.item_ids)
        # Whole paths: two departments may each have an aisle of one name.
        return CategoryIndex.of([(" > ".join(path),) if any(path) else () for path in paths])

    @cached_property
    def _items_and_categories(self) -> list[Item]:
        """What reasons may name: the items and, where rules hold them, the categories."""
        hierarchy = self.model.train.hierarchy
        categories = () if hierarchy is None else hierarchy.categories.tolist()
        return [*self._items, *(Item(name, name) for name in categories)]

    def _histories(self, likes: Sequence[Sequence[Any]]) -> Histories:
        read = self._orders if self.has_orders else self._moments
        rows, moments = zip(*map(read, likes), strict=True) if likes else ((), ())
        offsets = np.array(list(accumulate(map(len, rows), initial=0)), dtype=np.int64)
        indices = np.array(list(chain.from_iterable(rows)), dtype=np.int32)
        steps = np.concatenate([np.empty(0, np.int64), *map(_integers, moments)])
        users = np.arange(len(likes))
        return Histories(offsets, indices, self.model.items, users, steps, self.has_orders)

    def _excluded(
        self,
        likes: Sequence[Sequence[Any]],
        histories: Histories,
        exclude_seen: bool | None,
        seen: Sequence[Sequence[Any]] | None,
    ) -> Histories:
        """Return what the lists leave out."""
        if seen is not None and len(seen) != len(histories):
            raise ParameterError("seen", f"a row for each of {len(histories):,} users", len(seen))
        left_out = [self.leaves_out(row) if exclude_seen is None else exclude_seen for row in likes]
        own = histories
        if not all(left_out):
            rows = [histories.of(user) if chosen else () for user, chosen in enumerate(left_out)]
            own = Histories.empty(histories.users, self.model.items).plus(rows)
        if seen is None or not any(seen) or exclude_seen is False:
            return own
        return own.plus([self._places(row) for row in seen])

    def _candidates(
        self,
        exclude_items: Sequence[Any],
        only_items: Sequence[Any] | None,
        categories: Sequence[str] | None,
    ) -> npt.NDArray[np.bool_] | None:
        """Return which items lists may hold, None for all."""
        if not exclude_items and only_items is None and categories is None:
            return None
        candidates = np.ones(len(self.item_ids), dtype=np.bool_)
        if categories is not None:
            candidates = self.category_index.mask([self._category(name) for name in categories])
        if only_items is not None:
            only = np.zeros(len(candidates), dtype=np.bool_)
            only[self._places(only_items)] = True
            candidates &= only
        candidates[self._places(exclude_items)] = False
        return candidates

    def _category(self, name: str) -> str:
        found = self.category_index.named(name)
        if found is None:
            near = ", ".join(map(repr, self.category_index.similar(name)))
            rule = "categories of the items of the model"
            raise ParameterError("categories", rule, name, f"Similar: {near}." if near else "They have none.")
        return found

    def _limit(self, max_per_category: int | None) -> CategoryLimit | None:
        if max_per_category is None:
            return None
        maximum = require_integer("max_per_category", max_per_category, minimum=1)
        return CategoryLimit(maximum, self._limited_categories)

    def _orders(self, row: Sequence[Any]) -> tuple[list[int], Sequence[int]]:
        """Return the known items of a row, each once in its order, and the number of the order of each."""
        orders = row if list in map(type, row) else [list(row)]
        places, numbers = [], []
        for number, order in enumerate(orders):
            known = self._places(order if isinstance(order, list) else [order])
            places += known
            numbers += [number] * len(known)
        return places, numbers

    def _moments(self, row: Sequence[Any]) -> tuple[list[int], Sequence[int]]:
        """Return the known items of a row, each at its last occurrence, and the moment of each."""
        if list not in map(type, row):
            places = self._places(row)
            return places, range(len(places))
        moments = {item: moment for moment, entry in enumerate(row) for item in flatten([entry])}
        places = self._places(flatten(row))
        return places, [moments[self.item_ids[place]] for place in places]

    def _places(self, row: Sequence[Any]) -> list[int]:
        """Return the positions of the known items of a row, each at its last occurrence."""
        places = [place for place in map(self._place.get, row) if place is not None]
        if len(set(places)) < len(places):
            places = list(dict.fromkeys(reversed(places)))[::-1]
        return places

    def _titled_list(
        self,
        history: Histories,
        items: list[int],
        scores: list[float],
        sources: list[int],
        pins: Sequence[Pin],
        n_reasons: int,
    ) -> list[Recommendation]:
        """Return one list with titles and reasons, without the empty places at its end."""
        size = len(sources) - sources.count(-1)
        reasons: list[tuple[Reason[Item], ...]] = [()] * size
        if n_reasons:
            explained = self.model.explain(history, items[:size], n_reasons)
            reasons = [tuple(map(self._explained, why)) for why in explained]
            if pins:
                why_pinned = {pin.item: self._pinned(pin) for pin in pins}
                for row in range(sources.count(POLICY)):
                    reasons[row] = (why_pinned[items[row]],)
        titled, of_items = [self._items[item] for item in items[:size]], self.category_index.of_items
        return [
            Recommendation(item.item_id, item.title, score, SOURCES[source], why, of_items[place])
            for place, item, score, source, why in zip(items, titled, scores, sources, reasons, strict=False)
        ]

    def _pinned(self, pin: Pin) -> Reason[Item]:
        """Return the reason for an item that a policy has put into a list."""
        titles = self.catalog.titles(list(map(str, pin.antecedents)))
        antecedents = tuple(map(Item, pin.antecedents, titles))
        text = pin.reason or f"Goes with {' and '.join(titles)}."
        return Reason(antecedents, None, None, None, 1.0, text=text)

    def _explained(self, reason: Reason[int]) -> Reason[Item]:
        """Return a reason with items for positions, and None for measures that JSON cannot hold."""
        items = tuple([self._items_and_categories[item] for item in reason.antecedents])
        category = None if reason.category is None else self._items_and_categories[reason.category]
        confidence, lift = _finite(reason.confidence), _finite(reason.lift)
        measures = reason.support_count, confidence, lift
        return Reason(items, *measures, reason.share, reason.times, category)


def _rows(lists: Recommendations) -> Iterator[tuple[list[int], list[float], list[int]]]:
    """Yield the items, scores and sources of each list."""
    yield from zip(lists.item_indices.tolist(), lists.scores.tolist(), lists.sources.tolist(), strict=True)


def _integers(values: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return integers as an array; of a range in a fraction of the time."""
    if isinstance(values, range):
        return np.arange(values.start, values.stop, values.step)
    return np.array(values, dtype=np.int64)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def flatten(row: Sequence[Any]) -> list[Any]:
    """Return the ids of a row of likes, those of its lists in their order."""
    if list not in map(type, row):
        return list(row)
    return list(chain.from_iterable(entry if isinstance(entry, list) else [entry] for entry in row))
