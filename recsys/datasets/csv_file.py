"""CsvDataset: a user's own file of ratings or of baskets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt

from recsys.data.interactions import Interactions
from recsys.data.items import ItemCatalog
from recsys.datasets.columns import read_columns
from recsys.datasets.dataset import Dataset
from recsys.datasets.duplicates import RULES, resolve_duplicates
from recsys.datasets.feedback import check_feedback, feedback_digest, feedback_fingerprint, with_feedback
from recsys.datasets.fields import Column, Kind
from recsys.datasets.items import read_items, split_genres
from recsys.datasets.tables import TextTable, content_digest, fingerprint
from recsys.errors import ParameterError
from recsys.parameters import require_choice

LAYOUTS = ("ratings", "baskets")


class RatingColumns(NamedTuple):
    """Names of the columns of the file; `timestamp` is None where there are none, `rating` in baskets."""

    user_id: str = "user_id"
    item_id: str = "item_id"
    rating: str | None = "rating"
    timestamp: str | None = None


class ItemColumns(NamedTuple):
    """Names of the columns of the file of items; `genres` is None where there are none."""

    item_id: str = "item_id"
    title: str = "title"
    genres: str | None = None


@dataclass(frozen=True)
class CsvDataset(Dataset):
    """Ratings or baskets in a delimited file with a header line, plain or gzipped.

    Parameters
    ----------
    path : str
        The file.
    layout : {"ratings", "baskets"}
        "ratings": a row is a user's rating of an item. "baskets": a row is an item in a basket; there is no
        rating, and an item that stands twice in a basket counts once.
    columns : mapping
        Names of the columns in the file, for `user_id`, `item_id`, `rating` and `timestamp`.
    separator : str
        The character between two fields.
    quoted : bool
        Whether a field may stand in double quotes, as in CSV; false where all quotes belong to the text.
    encoding : str
        Encoding of the files.
    items_path : str, optional
        File with the titles of the items.
    items_columns : mapping
        Names of its columns, for `item_id`, `title` and `genres` (separated by "|").
    duplicates : {"error", "last", "first", "max", "mean"}
        What to do when a user has rated an item more than once; see `resolve_duplicates`.
    name : str, optional
        Name of the dataset; the file's name unless given.
    feedback : str, optional
        Database of feedback, a path or a URL, that is merged into the ratings; see `with_feedback`.
    feedback_weight : int
        Users that each person of the page becomes.
    feedback_max_share : float in (0, 1]
        Most users that feedback may add to those of one item, as a share of the users of the data.

    Raises
    ------
    ParameterError
        If a parameter has a value that its rule forbids.

    Notes
    -----
    Ids are integers when every id of a column is a plain one, and text otherwise: "007" stays "007".
    """

    path: str
    layout: str = "ratings"
    columns: Mapping[str, str | None] | RatingColumns = field(default_factory=RatingColumns)
    separator: str = ","
    quoted: bool = True
    encoding: str = "utf-8"
    items_path: str | None = None
    items_columns: Mapping[str, str | None] | ItemColumns = field(default_factory=ItemColumns)
    duplicates: str = "error"
    name: str | None = None
    feedback: str | None = None
    feedback_weight: int = 1
    feedback_max_share: float = 0.05

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or not self.path:
            raise ParameterError("path", "the path of a file", self.path)
        for parameter, value in (("items_path", self.items_path), ("name", self.name)):
            if value is not None and not (isinstance(value, str) and value):
                raise ParameterError(parameter, "text, or null", value)
        require_choice("layout", self.layout, LAYOUTS)
        require_choice("duplicates", self.duplicates, RULES)
        check_feedback(self.feedback, self.feedback_weight, self.feedback_max_share)
        if self.layout == "baskets" and self.feedback is not None:
            raise ParameterError(
                "feedback", "null with layout: baskets, which have no ratings", self.feedback
            )
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
        items_columns = ItemColumns(**_names("items_columns", self.items_columns, ItemColumns, ("genres",)))
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "items_columns", items_columns)
        object.__setattr__(self, "name", self.name or Path(self.path).name.partition(".")[0])

    def load(self) -> Interactions:
        """Read the file, and that of the items if there is one.

        Raises
        ------
        DataNotFoundError
            If a file is not there or cannot be read.
        DataFormatError
            If a file is not what it should be.
        DataError
            If the feedback cannot be read.
        """
        columns = self._columns()
        ratings = Interactions(**self._read_ratings(columns), items=self._read_items(), name=self.name or "")
        if self.layout == "baskets":
            ratings = replace(ratings, order_id=ratings.user_id)
        rule = "first" if self.layout == "baskets" else self.duplicates
        ratings = resolve_duplicates(ratings, rule, self.path)
        return with_feedback(ratings, self.feedback, self.feedback_weight, self.feedback_max_share)

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return path, size and modification time of the files, count and last id of the feedback."""
        paths = self._ratings_files()
        if self.items_path is not None:
            paths.append(Path(self.items_path).expanduser())
        return fingerprint(*paths) + feedback_fingerprint(self.feedback)

    def content_digests(self) -> dict[str, str] | None:
        """Return digests of the file, of that of the items, and of the feedback."""
        digests = {"ratings": content_digest(*self._ratings_files())}
        if self.items_path is not None:
            digests["items"] = content_digest(Path(self.items_path).expanduser())
        if self.feedback is not None:
            digests["feedback"] = feedback_digest(self.feedback)
        return digests

    def _columns(self) -> dict[str, Column]:
        """Return the columns that are read, by what they are."""
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

    def _ratings_files(self) -> list[Path]:
        return [Path(self.path).expanduser()]

    @property
    def _has_ratings_in_text(self) -> bool:
        """Whether separator, quotes and encoding are those of the ratings, too."""
        return True

    def _table(self, path: str, *, is_configurable: bool) -> TextTable:
        return TextTable(
            Path(path).expanduser(),
            separator=self.separator,
            encoding=self.encoding,
            quoted=self.quoted,
            is_configurable=is_configurable,
        )

    def _read_items(self) -> ItemCatalog | None:
        if self.items_path is None:
            return None
        table = self._table(self.items_path, is_configurable=not self._has_ratings_in_text)
        names = ItemColumns(*self.items_columns)
        item_id = Column(names.item_id, "id", "dataset.items_columns.item_id")
        title = Column(names.title, "id", "dataset.items_columns.title")
        if names.genres is None:
            return read_items(table, item_id, title, lambda row: ())
        genres = table.position(Column(names.genres, "id", "dataset.items_columns.genres"))
        return read_items(table, item_id, title, lambda row: split_genres(row[genres]))


def _names(
    parameter: str, given: Any, columns: type[RatingColumns] | type[ItemColumns], optional: tuple[str, ...]
) -> dict[str, Any]:
    """Check a mapping of column names, and complete it with the defaults."""
    if isinstance(given, columns):
        given = given._asdict()
    if not isinstance(given, Mapping):
        raise ParameterError(parameter, f"a mapping with the keys {', '.join(columns._fields)}", given)
    for role, name in given.items():
        if role not in columns._fields:
            keys = ", ".join(columns._fields)
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
