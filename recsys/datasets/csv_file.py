"""CsvDataset: ratings or baskets in a user's own text file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.data.items import ItemCatalog
from recsys.datasets.columns import read_columns
from recsys.datasets.dataset import FileDataset
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fields import Column, Kind
from recsys.datasets.files import data_files
from recsys.datasets.tables import TextTable, read_items
from recsys.errors import ParameterError
from recsys.parameters import require_choice, require_text

LAYOUTS = ("ratings", "baskets")


class RatingColumns(NamedTuple):
    """Names of the columns in the file; the last two may be None, `rating` only in baskets."""

    user_id: str = "user_id"
    item_id: str = "item_id"
    rating: str | None = "rating"
    timestamp: str | None = None


class ItemColumns(NamedTuple):
    """Names of the columns in the item file; `categories` may be None."""

    item_id: str = "item_id"
    title: str = "title"
    categories: str | None = None


@dataclass(frozen=True)
class CsvDataset(FileDataset):
    """Ratings or baskets in a delimited file with a header line, plain or gzipped.

    Ids are integers if every id of a column is a plain integer, and text otherwise: "007" stays "007".

    Parameters
    ----------
    path : str
        The file.
    layout : {"ratings", "baskets"}
        "ratings": a row is a user's rating of an item. "baskets": a row is an item in a basket, without
        ratings; an item counts once per basket.
    columns : mapping
        Column names in the file, by `user_id`, `item_id`, `rating` and `timestamp`.
    separator : str
        One character.
    quoted : bool
        Whether fields may be enclosed in double quotes; false if quotes are part of the text.
    encoding : str
    items_path : str, optional
        File with the titles of the items.
    items_columns : mapping
        Column names in that file, by `item_id`, `title` and `categories` (separated by "|").
    name : str, optional
        Name of the dataset; the file name by default.
    """

    path: str
    layout: str = "ratings"
    columns: Mapping[str, str | None] | RatingColumns = field(default_factory=RatingColumns)
    separator: str = ","
    quoted: bool = True
    encoding: str = "utf-8"
    items_path: str | None = None
    items_columns: Mapping[str, str | None] | ItemColumns = field(default_factory=ItemColumns)
    name: str | None = None

    def __post_init__(self) -> None:
        require_text("path", self.path, "the path of a file", optional=False)
        require_text("items_path", self.items_path)
        require_text("name", self.name)
        require_choice("layout", self.layout, LAYOUTS)
        super().__post_init__()
        if self.separator == r"\t":  # A tab, as a shell passes it on.
            object.__setattr__(self, "separator", "\t")
        if not isinstance(self.separator, str) or len(self.separator) != 1 or self.separator in '\r\n"':
            raise ParameterError("separator", "one character", self.separator)
        if not isinstance(self.quoted, bool):
            raise ParameterError("quoted", "true or false", self.quoted)
        try:
            "".encode(self.encoding)
        except (LookupError, TypeError):
            raise ParameterError("encoding", "an encoding that Python knows", self.encoding) from None
        optional = ("timestamp",) if self.layout == "ratings" else ("timestamp", "rating")
        # Named tuples instead of the config's mappings, so that equal datasets are equal and hash alike.
        columns = RatingColumns(**_names("columns", self.columns, RatingColumns, optional))
        items_columns = ItemColumns(
            **_names("items_columns", self.items_columns, ItemColumns, ("categories",))
        )
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "items_columns", items_columns)
        object.__setattr__(self, "name", self.name or Path(self.path).name.partition(".")[0])

    def _files(self) -> dict[str, list[Path]]:
        files = {"ratings": data_files(Path(self.path).expanduser())}
        if self.items_path is not None:
            files["items"] = [Path(self.items_path).expanduser()]
        return files

    def _read(self) -> Interactions:
        columns, rule = self._read_ratings(self._columns()), self.duplicates
        if self.layout == "baskets":
            columns["order_id"], rule = columns["user_id"], "first"
        ratings = Interactions(**columns, items=self._read_items(), name=self.name or "")
        return resolve_duplicates(ratings, rule, self.path)

    def _columns(self) -> dict[str, Column]:
        """Return the columns to read, by their roles."""
        kinds: dict[str, Kind] = {"user_id": "id", "item_id": "id", "rating": "number", "timestamp": "time"}
        if self.layout == "baskets":
            del kinds["rating"]
        return {
            role: Column(name, kinds[role], f"dataset.columns.{role}")
            for role, name in RatingColumns(*self.columns)._asdict().items()
            if role in kinds and name is not None
        }

    def _read_ratings(self, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
        return read_columns(self._table(self.path, is_configurable=True), columns)

    @property
    def _has_ratings_in_text(self) -> bool:
        """Whether separator, quotes and encoding concern the ratings, too."""
        return True

    def _table(self, path: str, *, is_configurable: bool) -> TextTable:
        file = Path(path).expanduser()
        return TextTable(file, self.separator, self.encoding, self.quoted, is_configurable=is_configurable)

    def _read_items(self) -> ItemCatalog | None:
        if self.items_path is None:
            return None
        table = self._table(self.items_path, is_configurable=not self._has_ratings_in_text)
        names = ItemColumns(*self.items_columns)
        item_id, title, categories = (
            Column(name or "", "id", f"dataset.items_columns.{role}")
            for role, name in names._asdict().items()
        )
        return read_items(table, item_id, title, categories if names.categories else None)


def _names(
    parameter: str, given: Any, columns: type[RatingColumns] | type[ItemColumns], optional: tuple[str, ...]
) -> dict[str, Any]:
    """Return a mapping of column names, checked and completed with the defaults."""
    if isinstance(given, columns):
        given = given._asdict()
    keys = ", ".join(columns._fields)
    if not isinstance(given, Mapping):
        raise ParameterError(parameter, f"a mapping with the keys {keys}", given)
    for role, name in given.items():
        if role not in columns._fields:
            raise ParameterError(f"{parameter}.{role}", f"left out (the keys are {keys})", name)
        if not (isinstance(name, str) and name) and not (name is None and role in optional):
            without = "For data without ratings, set dataset.layout=baskets."
            cure = without if role == "rating" and name is None else ""
            raise ParameterError(f"{parameter}.{role}", "the name of a column", name, cure)
    complete = {**columns._field_defaults, **given}
    names = [name for name in complete.values() if name is not None]
    if len(set(names)) < len(names):
        raise ParameterError(parameter, "different columns", complete)
    return complete
