"""Policies as a file states them, by names; `bind` looks them up in a catalog."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from recsys.data import ItemCatalog
from recsys.errors import DataFormatError, DataNotFoundError
from recsys.policies.binding import bind
from recsys.policies.bound import BoundPolicies
from recsys.policies.names import Names
from recsys.policies.parsing import parse
from recsys.policies.rules import AlwaysWith, Entry, NeverWith, Pinned


@dataclass(frozen=True)
class Policies:
    """What lists must leave out, and what they must begin with, by names (docs/how-to/policies.md).

    What must be left out goes before what must be recommended.
    """

    out_of_stock: tuple[Entry, ...] = ()
    never_with: tuple[NeverWith, ...] = ()
    always_with: tuple[AlwaysWith, ...] = ()
    pinned: tuple[Pinned, ...] = ()
    file: str = "policies"  # for messages
    digest: str = ""  # SHA-256 of the file, in hexadecimal

    @classmethod
    def read(cls, path: Path) -> "Policies":
        """Read a YAML file.

        DataNotFoundError is raised if there is none, DataFormatError if it is no YAML or has other keys.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise DataNotFoundError(f"There is no file of policies {path}.") from error
        except OSError as error:
            raise DataFormatError(f"{path} cannot be read: {error.strerror or error}.") from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: bytes, file: str = "policies") -> "Policies":
        """Read the text of a file; raises DataFormatError."""
        try:
            return cls(**parse(content), file=file, digest=hashlib.sha256(content).hexdigest())
        except DataFormatError as error:
            raise DataFormatError(f"{file}: {error}") from error

    def bind(self, catalog: ItemCatalog, items: npt.NDArray[Any]) -> BoundPolicies:
        """Look up all names in a catalog, for lists of some items.

        Parameters
        ----------
        catalog : ItemCatalog
            Of all items that may be named; its ids may be text where those of `items` are numbers.
        items : ndarray, shape (n_items,)
            The items of the model. Others cannot be recommended, but may stand in a history.

        Raises
        ------
        DataFormatError
            If a name is that of no item or category, or of several.
        """
        names = Names(catalog, items.tolist())
        try:
            bound = bind(names, items, self.out_of_stock, self.never_with, self.always_with, self.pinned)
        except DataFormatError as error:
            raise DataFormatError(f"{self.file}: {error}") from error
        return replace(bound, digest=self.digest)
