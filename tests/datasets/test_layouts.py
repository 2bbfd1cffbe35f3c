from __future__ import annotations

from pathlib import Path

import pytest

from recsys.datasets import MovieLens
from recsys.errors import DataFormatError

from .conftest import CSV, DAT, U, write_folder

GZ = {f"{name}.gz": text for name, text in CSV.items()}
CRLF = {name: text.replace("\n", "\r\n") for name, text in CSV.items()}


@pytest.mark.parametrize(
    ("files", "encoding"),
    [
        (CSV, "utf-8"),
        (CSV, "utf-8-sig"),
        (CRLF, "utf-8"),
        (GZ, "utf-8"),
        (DAT, "latin-1"),
        (DAT, "utf-8"),
        (U, "latin-1"),
    ],
    ids=["csv", "csv-bom", "csv-crlf", "csv-gz", "dat-latin-1", "dat-utf-8", "u-data"],
)
def test_every_layout_gives_the_same_ratings(tmp_path: Path, files: dict[str, str], encoding: str) -> None:
    ratings = MovieLens("mine", path=str(write_folder(tmp_path, files, encoding))).load()
    assert ratings.name == "mine"
    assert ratings.user_id.tolist() == [1, 1, 2, 3]
    assert ratings.item_id.tolist() == [10, 20, 10, 30]
    assert ratings.rating == pytest.approx([4.0, 3.5, 5.0, 0.5])
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [100, 110, 120, 130]
    assert ratings.titles([10, 20, 30]) == ["Café, The (1995)", "Heat (1995)", "Alien (1979)"]
    assert ratings.items is not None
    assert ratings.items.categories == (("Drama", "War"), ("Action",), ())


def test_line_order_does_not_matter(tmp_path: Path) -> None:
    header, *lines = CSV["ratings.csv"].splitlines()
    shuffled = "\n".join([header, *reversed(lines)])
    one = MovieLens("a", path=str(write_folder(tmp_path / "a", CSV))).load()
    other = MovieLens("b", path=str(write_folder(tmp_path / "b", {**CSV, "ratings.csv": shuffled}))).load()
    assert one.digest == other.digest


def test_duplicates_rule_is_applied(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {**CSV, "ratings.csv": CSV["ratings.csv"] + "1,10,1.0,500\n"})
    with pytest.raises(DataFormatError, match="stand more than once"):
        MovieLens("mine", path=str(folder)).load()
    assert len(MovieLens("mine", path=str(folder), duplicates="last").load()) == 4


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "ratings.dat",
            "2::10::5::120",
            "2::10::five::120",
            "line 3, column 'rating': the value 'five' is not a number",
        ),
        ("ratings.dat", "2::10::5::120", "2::10::5", "line 3: 3 fields where the table has 4 columns"),
        ("ratings.dat", "1::10", "x::10", "line 1, column 'userId': the value 'x' is not an integer"),
        ("movies.dat", "20::Heat", "x::Heat", "line 2, column 'movieId': the value 'x' is not an integer"),
        ("movies.dat", "20::Heat", "10::Heat", "line 2: item '10' stands a second time .first on line 1."),
    ],
)
def test_wrong_values_are_shown_with_their_line(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    folder = write_folder(tmp_path, {**DAT, file: DAT[file].replace(old, new)})
    with pytest.raises(DataFormatError, match=message) as caught:
        MovieLens("mine", path=str(folder)).load()
    assert file in str(caught.value)
    assert "\n" not in str(caught.value)
