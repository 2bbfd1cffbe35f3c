"""A version of the model, prepared for requests."""

import copy
import time
from functools import cached_property
from typing import Any, Self

import numpy as np

from recsys.data import ItemCatalog
from recsys.datasets import TitleSearch
from recsys.models.bundle import Bundle
from recsys.recommenders.model import Popularity
from recsys.serving.explorer_content import ExplorerContent


class LoadedModel:
    """A bundle with indexes of its items and users.

    The title index of the previous model is reused if the titles are equal.
    """

    def __init__(self, bundle: Bundle, version: str, previous: "LoadedModel | None" = None) -> None:
        self.bundle, self.version = bundle, version
        self.loaded = time.time()  # seconds since 1970
        ids, titles = bundle.item_ids, bundle.called
        # Ids of the catalog and the model by their text, and ids of the users of the model by theirs.
        self.items: dict[str, Any] = {str(item): item for item in [*bundle.catalog.item_id.tolist(), *ids]}
        self.ids = frozenset(self.items.values())
        self.users: dict[str, Any] = {str(user): user for user in bundle.histories.users.tolist()}
        # Number of users who like each item of the model.
        counts = Popularity.of(bundle.histories).counts.astype(int)
        self.n_likes: dict[Any, int] = dict(zip(ids, counts.tolist(), strict=True))
        self.known = frozenset(ids)
        search = None if previous is None else previous.search
        if search is None or not _equal(search.catalog, titles):
            search = TitleSearch(titles)
            search.candidates("a title that no item has")  # builds its index
        self.search: TitleSearch = search
        self.searched: list[Any] = titles.item_id.tolist()  # id of each row of `search`

    @cached_property
    def explorer_content(self) -> ExplorerContent:
        """The rules of the model, for the explorer."""
        return ExplorerContent.of_model(self.bundle, self.version)

    def with_bundle(self, bundle: Bundle) -> Self:
        """Return the same version with a bundle of the same model that follows other policies."""
        other = copy.copy(self)
        other.bundle = bundle
        return other


def _equal(one: ItemCatalog, other: ItemCatalog) -> bool:
    return one.title == other.title and np.array_equal(one.item_id, other.item_id)
