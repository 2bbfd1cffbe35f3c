"""Dataset: the interface between the pipeline and data of any format."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from recsys.data.interactions import Interactions, InteractionSet
from recsys.data.nouns import Nouns, Words, read_words
from recsys.data.transactions import TransactionSet
from recsys.datasets.duplicates import RULES
from recsys.datasets.feedback import feedback_digest, open_feedback, with_feedback
from recsys.datasets.files import content_digest, fingerprint
from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_integer, require_number, require_text


class EngineInteractions(InteractionSet, Protocol):
    """Interactions that stay in an engine."""

    def transactions(self, preprocessing: Any) -> AbstractContextManager[TransactionSet]:
        """Return the transactions after preprocessing, held by the engine until the end of the context."""
        ...


class Dataset(Protocol):
    """Source of interactions, hashable by its parameters; derive from it for the defaults.

    A dataset in files returns them from `_files`, from which the other defaults follow.
    """

    def load(self) -> Interactions:
        """Return the interactions."""
        ...

    def _files(self) -> dict[str, list[Path]]:
        """Return the files that `load` reads, by role."""
        return {}

    def fingerprint(self) -> tuple[Any, ...]:
        """Return a value that changes with the data: path, size and modification time of the files."""
        return fingerprint(*chain.from_iterable(self._files().values()))

    def content_digests(self) -> dict[str, str] | None:
        """Return a digest of the contents of each file or table, by role; None if they cannot be read."""
        return {role: content_digest(*files) for role, files in self._files().items()}

    def open_in(self, engine: Any) -> AbstractContextManager[EngineInteractions] | None:
        """Open the interactions in an engine; None if this process loads them.

        Raise ParameterError if they need another engine.
        """
        return None

    def __hash__(self) -> int:
        return object.__hash__(self)  # overridden by a frozen dataclass


@dataclass(frozen=True)
class FileDataset(Dataset):
    """Dataset in files, whose ratings feedback may be merged into; derived classes have `_files` and `_read`.

    Parameters
    ----------
    duplicates : {"error", "last", "first", "max", "mean"}
        How to resolve several ratings of an item by a user; see `resolve_duplicates`.
    feedback : str, optional
        Database of feedback, a path or a URL; see `with_feedback` for its parameters.
    feedback_weight : int
    feedback_max_share : float in (0, 1]
    nouns : mapping, optional
        Words for the items, by the names of `Nouns`; its defaults for the others.
    """

    duplicates: str = field(default="error", kw_only=True)
    feedback: str | None = field(default=None, kw_only=True)
    feedback_weight: int = field(default=1, kw_only=True)
    feedback_max_share: float = field(default=0.05, kw_only=True)
    nouns: Mapping[str, str | None] | Words | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        require_choice("duplicates", self.duplicates, RULES)
        require_text("feedback", self.feedback, "a path or a URL, or null")
        require_integer("feedback_weight", self.feedback_weight, minimum=1)
        if not 0 < require_number("feedback_max_share", self.feedback_max_share) <= 1:
            rule = "a share of the users, above 0 and at most 1"
            raise ParameterError("feedback_max_share", rule, self.feedback_max_share)
        object.__setattr__(self, "nouns", read_words("nouns", self.nouns))

    def _read(self) -> Interactions:
        """Return the interactions in the files, without duplicates."""
        raise NotImplementedError

    def load(self) -> Interactions:
        """Read the files and merge the feedback.

        Raise DataNotFoundError if a file does not exist, DataFormatError, which names the line, if it has
        another format, and DataError if the feedback cannot be read.
        """
        data = with_feedback(self._read(), self.feedback, self.feedback_weight, self.feedback_max_share)
        return data.with_nouns(Nouns.of(read_words("nouns", self.nouns), data.order_id is not None))

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return path, size and modification time of the files, count and last id of the feedback."""
        files = super().fingerprint()
        if self.feedback is None:
            return files
        with open_feedback(self.feedback) as store:
            return (*files, (self.feedback, *store.state()))

    def content_digests(self) -> dict[str, str] | None:
        """Return digests of the files by role, and of the feedback."""
        digests = super().content_digests()
        if digests is not None and self.feedback is not None:
            digests["feedback"] = feedback_digest(self.feedback)
        return digests
