"""Served: a bundle, ready to answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from recsys.datasets import TitleSearch
from recsys.models.bundle import Bundle
from recsys.models.recommendation import Recommendation


@dataclass(frozen=True, eq=False)
class Served:
    """A version of the model with what requests need to find its items by.

    Parameters
    ----------
    bundle : Bundle
    version : str
    search : TitleSearch
        Over the catalogue of the bundle, and what of the model is not in it.
    loaded : float
        Seconds since 1970.
    """

    bundle: Bundle
    version: str
    search: TitleSearch
    loaded: float = field(default_factory=time.time)

    @classmethod
    def of(cls, bundle: Bundle, version: str, before: Served | None = None) -> Served:
        """Make a bundle ready; the index of titles is taken over from the one before where they are equal."""
        new = bundle.called
        if before is not None:
            old = before.search.catalog
            if old.title == new.title and np.array_equal(old.item_id, new.item_id):
                return cls(bundle, version, before.search)
        return cls(bundle, version, TitleSearch(new))

    def prepare(self) -> None:
        """Make now what would else be made by the first requests."""
        self.search.candidates("a title that there is not")
        _ = self.items, self.ids, self.users, self.n_likes, self._known, self._rows

    @cached_property
    def items(self) -> dict[Any, Any]:
        """The id of each item that the catalogue or the model knows, by its text."""
        return {str(item): item for item in [*self.bundle.catalog.item_id.tolist(), *self.bundle.item_ids]}

    @cached_property
    def ids(self) -> frozenset[Any]:
        """The id of each item that the catalogue or the model knows."""
        return frozenset([*self.bundle.catalog.item_id.tolist(), *self.bundle.item_ids])

    @cached_property
    def users(self) -> dict[str, Any]:
        """The id of each known user, by its text."""
        return {str(user): user for user in self.bundle.histories.users.tolist()}

    @cached_property
    def n_likes(self) -> dict[Any, int]:
        """Users who like each item of the model."""
        histories = self.bundle.histories
        counts = np.bincount(histories.item_indices, minlength=histories.n_items)
        return dict(zip(self.bundle.item_ids, counts.tolist(), strict=True))

    @cached_property
    def _known(self) -> frozenset[Any]:
        return frozenset(self.bundle.item_ids)

    @cached_property
    def _rows(self) -> list[Any]:
        ids: list[Any] = self.search.catalog.item_id.tolist()
        return ids

    def title(self, item_id: Any) -> str:
        """Return what an item is called."""
        return self.bundle.catalog.titles([item_id])[0]

    def find(self, text: str, limit: int) -> list[dict[str, Any]]:
        """Return the items of the model whose title is being typed, the most liked first."""
        catalog, n_likes = self.search.catalog, self.n_likes
        rows = [row for row in self.search.beginning(text) if self._rows[row] in n_likes]
        rows.sort(key=lambda row: -n_likes[self._rows[row]])
        return [
            {
                "item_id": self._rows[row],
                "title": catalog.title[row],
                "genres": list(catalog.genres[row]),
                "n_likes": n_likes[self._rows[row]],
            }
            for row in rows[:limit]
        ]

    def answer(self, likes: Sequence[Any], recommendations: Sequence[Recommendation]) -> dict[str, Any]:
        """Return the list of one person, as JSON has it."""
        known = self._known.issuperset(likes)
        ignored = [] if known else [item for item in likes if item not in self._known]
        return {
            "likes": [item for item in likes if item not in ignored] if ignored else likes,
            "ignored": ignored,
            "recommendations": list(recommendations),
        }
