from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from recsys.data import Nouns
from recsys.datasets import CsvDataset
from recsys.errors import DataFormatError, DataNotFoundError, ParameterError

RATINGS = "user_id,item_id,rating\nann,1,4\nann,2,3.5\nbob,1,5\n"


def dataset(folder: Path, text: str | bytes, **options: Any) -> CsvDataset:
    path = folder / "mine.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvDataset(str(path), **options)


def test_ratings(tmp_path: Path) -> None:
    ratings = dataset(tmp_path, RATINGS).load()
    assert ratings.name == "mine"
    assert ratings.user_id.tolist() == ["ann", "ann", "bob"]
    assert ratings.item_id.tolist() == [1, 2, 1]
    assert ratings.rating == pytest.approx([4, 3.5, 5])
    assert ratings.timestamp is None
    assert len(ratings.items) == 0


def test_baskets_count_an_item_once(tmp_path: Path) -> None:
    text = "basket\tproduct\nb1\tmilk\nb1\tbread\nb1\tmilk\nb2\tmilk\n"
    columns = {"user_id": "basket", "item_id": "product"}
    ratings = dataset(tmp_path, text, layout="baskets", columns=columns, separator=r"\t").load()
    assert list(zip(ratings.user_id.tolist(), ratings.item_id.tolist(), strict=True)) == [
        ("b1", "bread"),
        ("b1", "milk"),
        ("b2", "milk"),
    ]
    assert ratings.rating is None
    assert ratings.items.nouns == Nouns(verb="bought")


def test_words_for_the_items(tmp_path: Path) -> None:
    words = {"item": "tea", "items": "teas", "category": None}
    named = dataset(tmp_path, RATINGS, nouns=words)
    assert named.load().items.nouns == Nouns("tea", "teas", verb="liked")
    assert hash(named) == hash(dataset(tmp_path, RATINGS, nouns=words))
    with pytest.raises(ParameterError, match=r"nouns\.tea must be left out"):
        dataset(tmp_path, RATINGS, nouns={"tea": "x"})


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["100", "90"], [100, 90]),
        (["1970-01-02", "1970-01-01"], [86400, 0]),
        (["1970-01-01T00:01:00Z", "1970-01-01T00:00:01Z"], [60, 1]),
        (["1970-01-01 00:01:00.5", "1970-01-01 00:00:01.0"], [60, 1]),
    ],
)
def test_times_are_seconds_or_iso_dates(tmp_path: Path, times: list[str], expected: list[int]) -> None:
    text = f"user_id,item_id,rating,when\n1,1,4,{times[0]}\n1,2,4,{times[1]}\n"
    ratings = dataset(tmp_path, text, columns={"timestamp": "when"}).load()
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == expected


def test_a_file_of_many_batches_is_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"u{row % 90},{row},{row % 5},1970-01-01" for row in range(500)]
    late = "z,7,3,1970-01-01 00:01:00"  # times of another form, long after the first batch
    text = "\n".join(["user_id,item_id,rating,when", *lines, late])
    at_once = dataset(tmp_path, text, columns={"timestamp": "when"}).load()
    monkeypatch.setattr("recsys.datasets.columns.BYTES_AT_ONCE", 256)
    ratings = dataset(tmp_path, text, columns={"timestamp": "when"}).load()
    assert ratings.digest == at_once.digest
    assert len(ratings) == 501
    assert ratings.timestamp is not None
    assert ratings.timestamp.tolist() == [0] * 500 + [60]
    with pytest.raises(DataFormatError, match=r"line 503, column 'rating': the value '' is missing"):
        dataset(tmp_path, text + "\nz,8,,1970-01-01\n", columns={"timestamp": "when"}).load()


@pytest.mark.parametrize("ids", [["007", "7"], ["1.0", "1"], ["+1", "1"], ["9" * 30, "1"], ["NA", "null"]])
def test_ids_that_are_not_plain_integers_stay_as_they_are(tmp_path: Path, ids: list[str]) -> None:
    ratings = dataset(tmp_path, f"user_id,item_id,rating\n1,{ids[0]},4\n1,{ids[1]},4\n").load()
    assert ratings.item_id.tolist() == sorted(ids)


def test_quoted_fields_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    text = 'user_id,review,item_id,rating\n1,"good,\nvery good",2,4\n'
    assert dataset(tmp_path, text).load().item_id.tolist() == [2]


def test_duplicates_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"mine\.csv: each user rates an item once"):
        dataset(tmp_path, RATINGS + "ann,1,2\n").load()
    assert dataset(tmp_path, RATINGS + "ann,1,2\n", duplicates="max").load().rating == pytest.approx(
        [4, 3.5, 5]
    )


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv.gz"
    path.write_bytes(gzip.compress(RATINGS.encode()))
    assert CsvDataset(str(path)).load().digest == dataset(tmp_path, RATINGS).load().digest


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig"])
def test_encoding(tmp_path: Path, encoding: str) -> None:
    text = "user_id,item_id,rating\n1,café,4\n".encode(encoding)
    assert dataset(tmp_path, text, encoding=encoding).load().item_id.tolist() == ["café"]


def test_items(tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("sku,name,kind\n1,Milk,Food|Drink\n2,Bread,\n")
    columns = {"item_id": "sku", "title": "name", "categories": "kind"}
    ratings = dataset(tmp_path, RATINGS, items_path=str(items), items_columns=columns).load()
    assert ratings.titles([1, 2, 3]) == ["Milk", "Bread", "3"]
    assert ratings.items is not None
    assert ratings.items.categories == (("Food", "Drink"), ())


def test_fingerprint_covers_both_files(tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,title\n1,Milk\n")
    mine = dataset(tmp_path, RATINGS, items_path=str(items))
    assert [Path(path).name for path, _, _ in mine.fingerprint()] == ["mine.csv", "items.csv"]
    assert hash(mine) == hash(dataset(tmp_path, RATINGS, items_path=str(items)))
    with pytest.raises(DataNotFoundError, match="No such file"):
        CsvDataset(str(tmp_path / "absent.csv")).fingerprint()


HEADER = "user_id,item_id,rating\n"
COLUMNS = r"has no column 'user_id'; it has 'user', 'item_id', 'rating'\. Set dataset\.columns\.user_id"
BAD_FILES: dict[str, tuple[str | bytes, str]] = {
    "missing column": ("user,item_id,rating\n1,1,4\n", COLUMNS),
    "wrong separator": (
        "user_id;item_id;rating\n1;1;4\n",
        "seem to be separated by ';'. Set 'dataset.separator=\";\"'",
    ),
    "column twice": ("user_id,item_id,rating,rating\n1,1,4,4\n", "has 2 columns 'rating'"),
    "text rating": (
        HEADER + "1,1,4\n1,2,good\n",
        "line 3, column 'rating': the value 'good' is not a number",
    ),
    "missing rating": (HEADER + "1,1,4\n\n1,2,\n", "line 4, column 'rating': the value '' is missing"),
    "missing user": (HEADER + "1,1,4\n,2,3\n", "line 3, column 'user_id': the value '' is missing"),
    "blank item": (HEADER + "1,1,4\n1, ,3\n", "line 3, column 'item_id': the value ' ' is missing"),
    "NaN": (HEADER + "1,1,NaN\n", "line 2, column 'rating': the value 'NaN' is not finite"),
    "infinite": (HEADER + "1,1,4\n1,2,-inf\n", "line 3, column 'rating': the value '-inf' is not finite"),
    "few fields": (HEADER + "1,1,4\n1,2\n", "line 3: 2 fields where the table has 3 columns"),
    "many fields": (HEADER + "1,1,4\n1,2,3,5\n", "line 3: 4 fields where the table has 3 columns"),
    "no bytes": ("", "is empty"),
    "only line ends": ("\n\n", "is empty"),
    "only a header": (HEADER, "has no rows, only a header"),
    "other encoding": ((HEADER + "1,café,4\n").encode("latin-1"), "line 2: the bytes are not utf-8 text"),
    "not text": (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1: the bytes are not utf-8 text"),
    "after quotes": (
        'x,user_id,item_id,rating\n"a\nb",1,1,4\n,1,2,no\n',
        "line 4, column 'rating': the value 'no'",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_explained_in_one_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    bad = dataset(tmp_path, text)
    with pytest.raises(DataFormatError, match=message) as caught:
        bad.load()
    assert bad.path in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("time", ["noon", "12:30", "1.5", ""])
def test_times_of_another_kind_are_explained(tmp_path: Path, time: str) -> None:
    text = f"user_id,item_id,rating,timestamp\n1,1,4,{time}\n"
    with pytest.raises(DataFormatError, match=r"line 2, column 'timestamp'.*or to null to do without times"):
        dataset(tmp_path, text, columns={"timestamp": "timestamp"}).load()


@pytest.mark.parametrize("data", [b"not gzip", gzip.compress(RATINGS.encode() * 9999)[:-20]])
def test_damaged_gzip(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mine.csv.gz"
    path.write_bytes(data)
    with pytest.raises(DataFormatError, match=r"mine\.csv\.gz is damaged"):
        CsvDataset(str(path)).load()


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"absent\.csv cannot be read: No such file"):
        CsvDataset(str(tmp_path / "absent.csv")).load()
    with pytest.raises(DataNotFoundError, match="Is a directory"):
        CsvDataset(str(tmp_path)).load()


@pytest.mark.parametrize(
    ("parameter", "options"),
    [
        ("path", {"path": ""}),
        ("layout", {"layout": "wide"}),
        ("separator", {"separator": "::"}),
        ("encoding", {"encoding": "utf-9"}),
        ("encoding", {"encoding": None}),
        ("duplicates", {"duplicates": "any"}),
        ("columns", {"columns": ["a", "b"]}),
        ("columns", {"columns": {"user_id": "x", "item_id": "x"}}),
        ("columns", {"columns": {"user_id": "item_id"}}),
        ("name", {"name": 2016}),
        ("items_path", {"items_path": ""}),
        ("columns.user", {"columns": {"user": "x"}}),
        ("columns.rating", {"columns": {"rating": None}}),
        ("items_columns.title", {"items_columns": {"title": ""}}),
    ],
)
def test_wrong_parameters_are_named(parameter: str, options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        CsvDataset(**{"path": "mine.csv", **options})
    assert caught.value.parameter == parameter
