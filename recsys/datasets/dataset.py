"""Dataset: what the pipeline asks of one, whatever it is made of."""

from __future__ import annotations

from typing import Any, Protocol

from recsys.datasets.ratings import Ratings


class Dataset(Protocol):
    """Where ratings come from. Datasets hash by their parameters, so that a loaded one can be kept."""

    def load(self) -> Ratings:
        """Return the ratings."""
        ...

    def fingerprint(self) -> tuple[Any, ...]:
        """Return what changes when the files change that `load` reads."""
        ...

    def content_digests(self) -> dict[str, str]:
        """Return a digest of each thing that `load` reads, by what it is.

        Unlike the fingerprint, they are equal for equal contents, wherever and whenever these were written.
        """
        ...

    def __hash__(self) -> int: ...
