"""Dataset: the interface between the pipeline and data of any format."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy.typing as npt

from recsys.data.transactions import TransactionSet
from recsys.datasets.items import ItemCatalog
from recsys.datasets.ratings import Ratings


class RatingSet(Protocol):
    """Ratings, wherever they are kept: what results and records need to know of them."""

    @property
    def name(self) -> str:
        """Name of the dataset."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the ratings."""
        ...

    @property
    def items(self) -> ItemCatalog | None:
        """Titles and genres, if the data has them."""
        ...

    def titles(self, ids: npt.ArrayLike) -> list[str]:
        """Return the title of each item, or its id as text where no title is known."""
        ...

    def __len__(self) -> int: ...


class EngineRatings(RatingSet, Protocol):
    """Ratings that stay in an engine."""

    def transactions(self, preprocessing: Any) -> AbstractContextManager[TransactionSet]:
        """Return the transactions after preprocessing, held by the engine until the end of the context."""
        ...


class Dataset(Protocol):
    """Source of ratings; a group of the configuration. Derive from it for the defaults.

    Frozen and hashable by its parameters, so that loaded ratings can be kept.
    """

    def load(self) -> Ratings:
        """Return the ratings."""
        ...

    def fingerprint(self) -> tuple[Any, ...]:
        """Return a value that changes when the files change that `load` reads."""
        ...

    def content_digests(self) -> dict[str, str] | None:
        """Return a digest of each file or table that `load` reads, by its role.

        Unlike the fingerprint, they are equal for equal contents, wherever and whenever these were written.
        None if only an engine can read the data; see `open_in`.
        """
        ...

    def open_in(self, engine: Any) -> AbstractContextManager[EngineRatings] | None:
        """Open the ratings in the engine that alone can read them; None if this process loads them.

        Raises
        ------
        ParameterError
            If they need another engine.
        """
        return None

    def __hash__(self) -> int:
        return object.__hash__(self)  # overridden by a frozen dataclass
