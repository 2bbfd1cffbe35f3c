from __future__ import annotations

import os
from pathlib import Path

import pytest

from recsys.datasets import MovieLens
from recsys.datasets.columns import _has_0x
from recsys.errors import DataFormatError, DataNotFoundError, DownloadError, ParameterError

from .conftest import CSV, write_folder


def one_rating(folder: Path, user: int) -> Path:
    return write_folder(folder, {**CSV, "ratings.csv": f"userId,movieId,rating,timestamp\n{user},10,4,1\n"})


def user_of(dataset: MovieLens) -> list[int]:
    users: list[int] = dataset.load().user_id.tolist()
    return users


def test_path_comes_before_data_dir_before_cache(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_rating(nowhere / "ml-1m", 3)
    assert user_of(MovieLens("ml-1m")) == [3]
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path / "data"))
    assert user_of(MovieLens("ml-1m")) == [3]
    one_rating(tmp_path / "data" / "ml-1m", 2)
    assert user_of(MovieLens("ml-1m")) == [2]
    path = one_rating(tmp_path / "mine", 1)
    assert user_of(MovieLens("ml-1m", path=str(path))) == [1]


def test_nothing_is_looked_at_instead_of_a_path_that_is_not_there(nowhere: Path, tmp_path: Path) -> None:
    one_rating(nowhere / "ml-1m", 3)
    with pytest.raises(DataNotFoundError, match=r"from dataset.path, is not there"):
        MovieLens("ml-1m", path=str(tmp_path / "absent")).load()


def test_path_to_a_file_leads_to_the_csv_dataset(tmp_path: Path) -> None:
    file = one_rating(tmp_path, 1) / "ratings.csv"
    with pytest.raises(DataNotFoundError, match=r"is a file \(dataset=csv reads single files\)"):
        MovieLens("ml-1m", path=str(file)).load()


def test_incomplete_folder_says_what_it_holds(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one_rating(tmp_path / "ml-1m", 1) / "movies.csv").unlink()
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    with pytest.raises(
        DataNotFoundError, match=r"from RECSYS_DATA_DIR, holds ratings.csv. It must be .* movies.csv"
    ):
        MovieLens("ml-1m").load()


def test_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DataNotFoundError, match=f"{tmp_path} cannot be read: Permission denied"):
        MovieLens("ml-1m", path=str(tmp_path)).load()


def test_leftover_in_the_cache_does_not_count(nowhere: Path) -> None:
    (one_rating(nowhere / "ml-1m", 1) / "movies.csv").unlink()
    with pytest.raises(DownloadError):
        MovieLens("ml-1m").load()


def test_bundled_edition_needs_nothing(nowhere: Path) -> None:
    ratings = MovieLens("ml-latest-small-2016").load()
    assert (ratings.n_users, ratings.n_items, len(ratings)) == (671, 9066, 100004)
    assert ratings.titles([1, 108583]) == ["Toy Story (1995)", "108583"]
    assert ratings.items is not None
    assert len(ratings.items) == 9066


def test_data_dir_overrides_the_bundled_edition(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_rating(tmp_path / "ml-latest-small-2016", 5)
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    assert user_of(MovieLens("ml-latest-small-2016")) == [5]


@pytest.mark.skipif(
    not Path(os.environ.get("RECSYS_DATA_DIR", "."), "ml-latest-small", "ratings.csv").is_file(),
    reason="$RECSYS_DATA_DIR/ml-latest-small/ratings.csv is not there",
)
def test_golden_counts_of_ml_latest_small() -> None:
    ratings = MovieLens("ml-latest-small").load()
    assert (ratings.n_users, ratings.n_items, len(ratings)) == (610, 9724, 100836)


def test_unknown_edition_names_the_known_ones(nowhere: Path) -> None:
    with pytest.raises(
        DataNotFoundError, match=r"No data for 'ml-2m'.*ml-latest-small, ml-100k.*dataset.path"
    ):
        MovieLens("ml-2m").load()


def test_fingerprint_changes_with_a_file(tmp_path: Path) -> None:
    dataset = MovieLens("mine", path=str(one_rating(tmp_path, 1)))
    before = dataset.fingerprint()
    assert before == dataset.fingerprint()
    assert [Path(path).name for path, _, _ in before] == ["ratings.csv", "movies.csv"]
    os.utime(tmp_path / "movies.csv", (1, 1))
    assert dataset.fingerprint() != before
    hash((dataset, before))


@pytest.mark.parametrize(
    ("parameter", "arguments"),
    [
        ("name", {"name": "../ml-1m"}),
        ("name", {"name": ""}),
        ("path", {"path": ""}),
        ("duplicates", {"duplicates": "any"}),
    ],
)
def test_wrong_parameters_are_named(parameter: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ParameterError) as caught:
        MovieLens(**arguments)
    assert caught.value.parameter == parameter


@pytest.mark.parametrize("row", ["0x10,10,4,1", "1,0X0a,4,1", "1,10,4,0x5"])
def test_hexadecimal_numbers_are_refused(tmp_path: Path, row: str) -> None:
    text = f"userId,movieId,rating,timestamp\n1,10,4,1\n{row}\n"
    folder = write_folder(tmp_path, {**CSV, "ratings.csv": text})
    with pytest.raises(
        DataFormatError, match=r"ratings\.csv, line 3, column '\w+': the value '0[xX]\w+' is no"
    ):
        MovieLens("ml-1m", path=str(folder)).load()


def test_hexadecimal_numbers_between_two_blocks_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.datasets.columns.BYTES_AT_ONCE", 4)
    for length in range(3):
        (tmp_path / "file").write_text("1" * length + ",0x7,1")
        assert _has_0x(tmp_path / "file")
    (tmp_path / "file").write_text("x0,0 x,1")
    assert not _has_0x(tmp_path / "file")
