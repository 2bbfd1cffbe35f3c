"""Ratings in Parquet: one file, or a folder of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.datasets import CsvDataset, ParquetDataset
from recsys.errors import DataFormatError, DataNotFoundError

COLUMNS: dict[str, Any] = {"user_id": ["ann", "bob", "ann"], "item_id": [2, 1, 1], "rating": [3.5, 5, 4]}


def dataset(folder: Path, table: dict[str, Any], **options: Any) -> ParquetDataset:
    path = folder / "mine.parquet"
    pq.write_table(pa.table(table), path, row_group_size=2)
    return ParquetDataset(str(path), **options)


def test_ratings_are_those_of_the_same_csv_file(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("user_id,item_id,rating\nann,2,3.5\nbob,1,5\nann,1,4\n")
    ratings = dataset(tmp_path, COLUMNS).load()
    assert ratings.digest == CsvDataset(str(tmp_path / "mine.csv")).load().digest
    assert ratings.name == "mine"
    assert ratings.item_id.dtype == np.int64


def test_a_folder_of_files_is_one_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "mine.parquet"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    for part in range(3):
        rows = {name: values[part : part + 1] for name, values in COLUMNS.items()}
        pq.write_table(pa.table(rows), folder / f"part-{part}.snappy.parquet")
    mine = ParquetDataset(str(folder))
    assert [Path(path).name for path, _, _ in mine.fingerprint()] == [
        f"part-{part}.snappy.parquet" for part in range(3)
    ]
    whole = tmp_path / "whole"
    whole.mkdir()
    assert mine.load().digest == dataset(whole, COLUMNS).load().digest


def test_files_of_a_folder_need_no_suffix(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    pq.write_table(pa.table(COLUMNS), folder / "part-0")
    mine = ParquetDataset(str(folder))
    before = mine.fingerprint(), mine.content_digests()
    assert [Path(path).name for path, _, _ in mine.fingerprint()] == ["part-0"]
    pq.write_table(pa.table({name: values[:2] for name, values in COLUMNS.items()}), folder / "part-0")
    assert len(mine.load()) == 2
    assert mine.fingerprint() != before[0]
    assert mine.content_digests() != before[1]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("user_id", pa.array(["1", "007", "a"]).dictionary_encode(), ["007", "1", "a"]),
        ("user_id", pa.array([3, 1, 2], pa.uint8()), [1, 2, 3]),
        ("rating", pa.array([1, 2, 3], pa.int8()), [3.0, 1.0, 2.0]),
        ("rating", pa.array([Decimal("0.5"), Decimal("1.5"), Decimal("2.5")]), [2.5, 0.5, 1.5]),
        ("when", pa.array([1, 2, 3], pa.int32()), [3, 1, 2]),
        ("when", pa.array([date(1970, 1, day) for day in (1, 2, 3)]), [172800, 0, 86400]),
        ("when", pa.array([datetime(1970, 1, 1, 0, 0, s, 500, UTC) for s in (1, 2, 3)]), [3, 1, 2]),
    ],
)
def test_columns_of_many_types(tmp_path: Path, name: str, values: pa.Array, expected: list[Any]) -> None:
    names = {"timestamp": "when"} if name == "when" else {}
    ratings = dataset(tmp_path, {**COLUMNS, name: values}, columns=names).load()
    assert getattr(ratings, "timestamp" if name == "when" else name).tolist() == expected


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"rating": [4, None, 3]},
            r"row 2, column 'rating': .* is missing. Correct or remove the row",
        ),
        ({"rating": [4, 3, float("nan")]}, r"row 3, column 'rating': the value is not finite"),
        ({"user_id": ["ann", "bob", " "]}, r"row 3, column 'user_id': the value is missing"),
        (
            {"user_id": [1.0, 2.0, 3.0]},
            r"'user_id': .* of type double and must be integers or text",
        ),
        ({"rating": ["4", "5", "6"]}, r"of type string and must be numbers.*set dataset.columns.rating"),
        ({"item_id": pa.array([1, 2, 2**63], pa.uint64())}, r"cannot be read: .*9223372036854775808"),
        ({name: pa.array([], pa.int64()) for name in COLUMNS}, "has no rows"),
    ],
)
def test_bad_columns_are_explained(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    bad = dataset(tmp_path, {**COLUMNS, **columns})
    with pytest.raises(DataFormatError, match=message) as caught:
        bad.load()
    assert bad.path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_and_files_that_are_not_parquet(tmp_path: Path) -> None:
    renamed = {"user" if name == "user_id" else name: values for name, values in COLUMNS.items()}
    with pytest.raises(DataFormatError, match=r"no column 'user_id'; it has 'user', .*columns\.user_id"):
        dataset(tmp_path, renamed).load()
    (tmp_path / "text.parquet").write_text("user_id,item_id,rating\n")
    with pytest.raises(DataFormatError, match=r"text\.parquet is not Parquet"):
        ParquetDataset(str(tmp_path / "text.parquet")).load()
    with pytest.raises(DataNotFoundError, match=r"absent\.parquet cannot be read"):
        ParquetDataset(str(tmp_path / "absent.parquet")).load()
