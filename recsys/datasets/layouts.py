"""Layouts of MovieLens folders, which GroupLens has changed over the years."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from recsys.data.interactions import Interactions
from recsys.data.items import ItemCatalog
from recsys.datasets.columns import read_columns
from recsys.datasets.fields import Column
from recsys.datasets.files import reading
from recsys.datasets.tables import TextTable, read_items

MOVIE_ID, TITLE, GENRES = Column("movieId", "integer"), Column("title", "id"), Column("genres", "id")

# The flag columns of u.item, in its order.
FLAGS = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller"),
    *("War", "Western"),
)


@dataclass(frozen=True)
class Layout:
    """Names of the files of ratings and of movies in a folder, and how to read them."""

    files: tuple[str, str]
    ratings_table: Callable[[Path], TextTable]
    items: Callable[[Path], ItemCatalog]

    def read(self, folder: Path, name: str) -> Interactions:
        """Read the folder."""
        columns = {
            "user_id": Column("userId", "integer"),
            "item_id": MOVIE_ID,
            "rating": Column("rating", "number"),
            "timestamp": Column("timestamp", "integer"),
        }
        ratings, movies = (folder / file for file in self.files)
        values = read_columns(self.ratings_table(ratings), columns)
        return Interactions(**values, items=self.items(movies), name=name)


def find_layout(folder: Path) -> Layout | None:
    """Return the layout whose files are all in the folder, or None."""
    with reading(folder):
        for layout in LAYOUTS:
            if all((folder / file).is_file() for file in layout.files):
                return layout
    return None


def _movies_csv(path: Path) -> ItemCatalog:
    return read_items(TextTable(path), MOVIE_ID, TITLE, GENRES)


def _movies_dat(path: Path) -> ItemCatalog:
    # ml-10m is UTF-8; ml-1m is Latin-1, whose accented letters are not valid UTF-8.
    try:
        path.read_text(encoding="utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "latin-1"
    table = TextTable(path, "::", encoding, quoted=False, names=("movieId", "title", "genres"))
    return read_items(table, MOVIE_ID, TITLE, GENRES)


def _u_item(path: Path) -> ItemCatalog:
    names = ("movieId", "title", "release date", "video release date", "IMDb URL", *FLAGS)
    table = TextTable(path, "|", "latin-1", quoted=False, names=names)
    categories = (
        tuple(name for name, flag in zip(FLAGS, row[5:], strict=True) if flag == "1")
        for _, row in table.records()
    )
    return replace(read_items(table, MOVIE_ID, TITLE, None), categories=tuple(categories))


_without_header = partial(TextTable, quoted=False, names=("userId", "movieId", "rating", "timestamp"))
LAYOUTS = (
    Layout(("ratings.csv", "movies.csv"), TextTable, _movies_csv),
    Layout(("ratings.csv.gz", "movies.csv.gz"), TextTable, _movies_csv),
    Layout(("ratings.dat", "movies.dat"), partial(_without_header, separator="::"), _movies_dat),
    Layout(("u.data", "u.item"), partial(_without_header, separator="\t"), _u_item),
)
