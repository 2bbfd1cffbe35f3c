from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.datasets import FimiDataset
from recsys.datasets.files import whole_lines
from recsys.errors import DataFormatError, DataNotFoundError, ParameterError
from recsys.preprocessing import Preprocessing, encode
from tests.mining.strategies import deterministic


def dataset(folder: Path, data: bytes, name: str = "mine.dat") -> FimiDataset:
    path = folder / name
    path.write_bytes(data)
    return FimiDataset(str(path))


def pairs(dataset: FimiDataset) -> list[tuple[int, int]]:
    ratings = dataset.load()
    return list(zip(ratings.user_id.tolist(), ratings.item_id.tolist(), strict=True))


def test_a_line_is_a_transaction(tmp_path: Path) -> None:
    mine = dataset(tmp_path, b"1 2 30\n2\n30 4\n")
    assert pairs(mine) == [(1, 1), (1, 2), (1, 30), (2, 2), (3, 4), (3, 30)]
    ratings = mine.load()
    assert (ratings.name, ratings.rating, ratings.timestamp) == ("mine", None, None)
    transactions = encode(Preprocessing(likes="all").filter(ratings))
    assert (transactions.n_transactions, transactions.items.tolist()) == (3, [1, 2, 4, 30])
    with pytest.raises(ParameterError, match=r"Set preprocessing\.likes=all"):
        Preprocessing(likes="min_rating").filter(ratings)


@pytest.mark.parametrize(
    "data",
    [
        b"1 2\n3\n",
        b"1 2\n3",
        b"1 2 \n3 \n",
        b" 1  2\n\t3\t",
        b"1 2\r\n3\r\n",
        b"2 1 2 1 1\n3 3\n",
        b"\xef\xbb\xbf01 002\n3\n\n \n",
    ],
)
def test_blanks_line_ends_and_repeated_items_mean_nothing(tmp_path: Path, data: bytes) -> None:
    assert pairs(dataset(tmp_path, data)) == [(1, 1), (1, 2), (2, 3)]


def test_lines_without_items_are_skipped_and_counted(tmp_path: Path) -> None:
    assert pairs(dataset(tmp_path, b"\n7\n\n \n8\n")) == [(2, 7), (5, 8)]


def test_gzip(tmp_path: Path) -> None:
    data = b"1 2\n3\n"
    zipped = dataset(tmp_path, gzip.compress(data), "mine.dat.gz")
    assert zipped.name == "mine"
    assert zipped.load().digest == dataset(tmp_path, data).load().digest


@deterministic
@given(
    transactions=st.lists(st.lists(st.integers(0, 10**18 - 1), min_size=1), min_size=1),
    block=st.integers(1, 20),
)
def test_a_file_is_read_back_whatever_the_portions(
    tmp_path_factory: pytest.TempPathFactory, transactions: list[list[int]], block: int
) -> None:
    text = "\n".join(" ".join(map(str, items)) for items in transactions)
    mine = dataset(tmp_path_factory.mktemp("fimi"), text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsys.datasets.fimi.BYTES_AT_ONCE", block)
        found = pairs(mine)
        with Path(mine.path).open("rb") as stream:
            assert b"".join(whole_lines(stream, block)) == text.encode()
    expected = [(line, item) for line, items in enumerate(transactions, start=1) for item in sorted({*items})]
    assert found == expected


@pytest.mark.parametrize("portion", [2**24, 5])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1 2\n3 -4\n", r"line 2: the item '-4' is not an integer of at least 0"),
        (b"1 2\n\n3 4.5 x\n", r"line 3: the item '4\.5' is not an integer"),
        (b"1,2\n", r"line 1: the item '1,2' is not an integer .* dataset=csv reads files with columns"),
        (b"1 2\r\n+3\r\n", r"line 2: the item '\+3'"),
        (b"1\n2 1\x0c2\n", r"line 2: the item '1\\x0c2'"),
        (b"1\n2\nmilk " + b"9" * 30, r"line 3: the item 'milk'"),
        (b"1 2\n5 " + b"9" * 19, r"line 2: the item '9{19}' has more than 18 digits"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", r"line 1: the item '\\\\x89PNG' is not an integer"),
        ("1\n٣\n".encode(), r"line 2: the item '٣' is not an integer"),
        (b"", "holds no transactions"),
        (b"\n \n", "holds no transactions"),
    ],
)
def test_bad_file_is_explained_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portion: int, data: bytes, message: str
) -> None:
    monkeypatch.setattr("recsys.datasets.fimi.BYTES_AT_ONCE", portion)
    bad = dataset(tmp_path, data)
    with pytest.raises(DataFormatError, match=message) as caught:
        bad.load()
    assert bad.path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match=r"absent\.dat cannot be read: No such file"):
        FimiDataset(str(tmp_path / "absent.dat")).load()
    with pytest.raises(DataNotFoundError, match="Is a directory"):
        FimiDataset(str(tmp_path)).load()
    for data in (b"not gzip", gzip.compress(b"1 2\n" * 99_999)[:-20]):
        with pytest.raises(DataFormatError, match="is damaged"):
            dataset(tmp_path, data, "mine.dat.gz").load()


def test_fingerprint(tmp_path: Path) -> None:
    mine = dataset(tmp_path, b"1 2\n")
    ((path, size, _),) = mine.fingerprint()
    assert (Path(path).name, size) == ("mine.dat", 4)
    assert hash(mine) == hash(FimiDataset(mine.path))


@pytest.mark.parametrize(
    ("parameter", "options"), [("path", {"path": ""}), ("path", {"path": None}), ("name", {"name": 7})]
)
def test_wrong_parameters_are_named(parameter: str, options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError) as caught:
        FimiDataset(**{"path": "mine.dat", **options})
    assert caught.value.parameter == parameter
