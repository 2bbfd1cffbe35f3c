"""Dataset: the interface between the pipeline and data of any format."""

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
    """Source of interactions, hashable by its parameters; derive from it for the defaults."""

    def load(self) -> Interactions:
        """Return the interactions."""
        ...

    def fingerprint(self) -> tuple[Any, ...]:
        """Return a value that changes with the files that `load` reads."""
        ...

    def content_digests(self) -> dict[str, str] | None:
        """Return a digest of the contents of each file or table, by role; None if they cannot be read."""
        ...

    def open_in(self, engine: Any) -> AbstractContextManager[EngineInteractions] | None:
        """Open the interactions in an engine; None if this process loads them.

        Raise ParameterError if they need another engine.
        """
        return None

    def __hash__(self) -> int:
        return object.__hash__(self)  # overridden by a frozen dataclass
