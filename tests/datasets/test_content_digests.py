"""Digests of what a dataset reads: equal for equal contents, wherever and whenever they were written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from recsys.datasets import CsvDataset, FimiDataset, MovieLens, ParquetDataset, Quest
from recsys.errors import DataNotFoundError
from recsys.feedback import Feedback, FeedbackStore
from recsys.spark import SparkDataset

RATINGS = "user_id,item_id,rating\n1,2,3\n"


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    path = tmp_path / "ratings.csv"
    path.write_text(RATINGS)
    return path


def test_a_file_that_was_touched_or_moved_is_the_same(ratings: Path) -> None:
    before = CsvDataset(str(ratings)).content_digests()
    os.utime(ratings, (0, 0))
    assert CsvDataset(str(ratings)).content_digests() == before
    moved = ratings.rename(ratings.with_name("moved.csv"))
    assert CsvDataset(str(moved)).content_digests() == before


def test_a_file_that_was_replaced_is_another(ratings: Path) -> None:
    before = CsvDataset(str(ratings)).content_digests()
    ratings.write_text(RATINGS.replace("3", "4"))  # as long as it was
    os.utime(ratings, (1, 1))
    assert CsvDataset(str(ratings)).content_digests() != before


def test_items_and_feedback_are_told_apart(ratings: Path, tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,title\n2,Milk\n")
    store = FeedbackStore.open(str(tmp_path / "feedback.db"))
    dataset = CsvDataset(str(ratings), items_path=str(items), feedback=str(tmp_path / "feedback.db"))
    before = dataset.content_digests()
    store.add(Feedback("0", "ann", "2", True, (), created=1000))
    store.close()
    after = dataset.content_digests()
    assert list(after) == ["ratings", "items", "feedback"]
    assert [name for name in after if after[name] != before[name]] == ["feedback"]


def test_a_folder_of_files(ratings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    folder.mkdir()
    for part in ("part-0.parquet", "part-1.parquet"):
        (folder / part).write_text(part)
    (folder / "_SUCCESS").touch()
    digests = ParquetDataset(str(folder)).content_digests()
    assert SparkDataset(str(folder)).content_digests() == digests
    (folder / "part-1.parquet").write_text("other")
    assert ParquetDataset(str(folder)).content_digests() != digests
    assert (
        SparkDataset(str(ratings), format="csv").content_digests()
        == CsvDataset(str(ratings)).content_digests()
    )
    assert not SparkDataset("s3a://bucket/table").is_local


def test_other_datasets(tmp_path: Path) -> None:
    (tmp_path / "retail.dat").write_text("1 2\n")
    assert list(FimiDataset(str(tmp_path / "retail.dat")).content_digests()) == ["transactions"]
    assert sorted(MovieLens("ml-latest-small-2016").content_digests()) == ["movies.csv.gz", "ratings.csv.gz"]
    assert Quest().content_digests() == {}
    with pytest.raises(DataNotFoundError, match="No such file"):
        CsvDataset(str(tmp_path / "absent.csv")).content_digests()
