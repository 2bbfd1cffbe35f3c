"""A version of the model, prepared for requests."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from recsys.datasets import TitleSearch
from recsys.models.bundle import Bundle
from recsys.recommenders.model import Popularity


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A bundle with indexes of its items and users."""

    bundle: Bundle
    version: str
    search: TitleSearch  # over the items of the catalog and of the model
    loaded: float = field(default_factory=time.time)  # seconds since 1970

    @classmethod
    def prepare(cls, bundle: Bundle, version: str, previous: Self | None = None) -> Self:
        """Build all indexes; the title index of the previous model is reused if the titles are equal."""
        titles = bundle.called
        search = previous.search if previous else None
        if (
            search is None
            or search.catalog.title != titles.title
            or not np.array_equal(search.catalog.item_id, titles.item_id)
        ):
            search = TitleSearch(titles)
            search.candidates("a title that no item has")  # builds its index
        model = cls(bundle, version, search)
        _ = model.ids, model.users, model.n_likes, model.searched
        return model

    @cached_property
    def items(self) -> dict[str, Any]:
        """Id of each item of the catalog and the model, by its text."""
        return {str(item): item for item in [*self.bundle.catalog.item_id.tolist(), *self.bundle.item_ids]}

    @cached_property
    def ids(self) -> frozenset[Any]:
        """Id of each item of the catalog and the model."""
        return frozenset(self.items.values())

    @cached_property
    def users(self) -> dict[str, Any]:
        """Id of each user of the model, by its text."""
        return {str(user): user for user in self.bundle.histories.users.tolist()}

    @cached_property
    def n_likes(self) -> dict[Any, int]:
        """Number of users who like each item of the model."""
        counts = Popularity.of(self.bundle.histories).counts.astype(int)
        return dict(zip(self.bundle.item_ids, counts.tolist(), strict=True))

    @cached_property
    def searched(self) -> list[Any]:
        """Id of each row of `search`."""
        ids: list[Any] = self.search.catalog.item_id.tolist()
        return ids
