"""Dataset: the interface between the pipeline and data of any format."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from recsys.data.interactions import Interactions, InteractionSet
from recsys.data.transactions import TransactionSet


class EngineInteractions(InteractionSet, Protocol):
    """Interactions that stay in an engine."""

    def transactions(self, preprocessing: Any) -> AbstractContextManager[TransactionSet]:
        """Return the transactions after preprocessing, held by the engine until the end of the context."""
        ...


class Dataset(Protocol):
    """Source of interactions; a group of the configuration. Derive from it for the defaults.

    Frozen and hashable by its parameters, so that loaded interactions can be kept.
    """

    def load(self) -> Interactions:
        """Return the interactions."""
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

    def open_in(self, engine: Any) -> AbstractContextManager[EngineInteractions] | None:
        """Open the interactions in the engine that alone can read them; None if this process loads them.

        Raises
        ------
        ParameterError
            If they need another engine.
        """
        return None

    def __hash__(self) -> int:
        return object.__hash__(self)  # overridden by a frozen dataclass
