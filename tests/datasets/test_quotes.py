from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.datasets import CsvDataset, ParquetDataset, quotes
from recsys.errors import DataFormatError

N_BASKETS = 60
BASKETS = [
    "basket,item,note",
    *(f"{basket},{item}," for basket in range(N_BASKETS) for item in ("milk", "bread")),
]
DOUBLED = "a quote of the text is written twice"

# What stands on some lines instead, and what is said of it.
STRAY = {
    "never closed": ({3: '1,"frame 7 inch,'}, "line 3: the quote before 'frame 7 inch,' is never closed"),
    "on the last line": ({121: '59,"bread,'}, "line 121: the quote before 'bread,' is never closed"),
    "another within a field": (
        {3: '1,"frame 7 inch,', 90: '44,"seat 3,'},
        "line 3: the quote before 'frame 7 inch,' is followed by another on line 90, which neither",
    ),
    "another that ends a field": (
        {3: '1,"frame 7 inch,', 90: '44,seat 3",'},
        "line 3: the quote before 'frame 7 inch,' is closed on line 90 only, and the lines up to there read",
    ),
    "in a column that is not read": (
        {3: '1,frame,"7 inch', 90: '44,seat,3"'},
        "line 3: the quote before '7 inch' is closed on line 90 only, and the lines up to there read as rows",
    ),
    "on one line": ({3: '1,"7" frame",'}, "line 3: the quote before '7\" frame\",' is followed by another"),
    "in the header": ({1: 'basket,"item,note'}, "line 1: the quote before 'item,note' is never closed"),
    "an id of two lines": ({3: '1,"milk\nfull fat",'}, "line 3, column 'item': .* holds a line break"),
    "after a field of two lines": (
        {3: '1,milk,"good\nvery good"', 5: '2,"bread,'},
        "line 6: the quote before 'bread,' is never closed",
    ),
}


def text_with(changed: dict[int, str]) -> str:
    lines = list(BASKETS)
    for line, text in changed.items():
        lines[line - 1] = text
    return "\n".join([*lines, ""])


def baskets(path: Path, text: str, encoding: str = "utf-8", *, quoted: bool = True) -> CsvDataset:
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    columns = {"user_id": "basket", "item_id": "item"}
    return CsvDataset(str(path), layout="baskets", columns=columns, encoding=encoding, quoted=quoted)


@pytest.mark.parametrize(("changed", "message"), STRAY.values(), ids=STRAY)
@pytest.mark.parametrize("name", ["mine.csv", "mine.csv.gz"])
def test_a_stray_quote_is_refused_with_its_line(
    tmp_path: Path, changed: dict[int, str], message: str, name: str
) -> None:
    with pytest.raises(DataFormatError, match=message) as caught:
        baskets(tmp_path / name, text_with(changed)).load()
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_in_other_encodings_and_with_other_line_ends(tmp_path: Path, encoding: str, line_end: str) -> None:
    text = text_with({3: '1,"frame,'}).replace("\n", line_end)
    with pytest.raises(DataFormatError, match="line 3: the quote before 'frame,' is never closed"):
        baskets(tmp_path / "mine.csv", text, encoding).load()
    enclosed = text_with({3: '1,"frame",'}).replace("\n", line_end)
    assert len(baskets(tmp_path / "mine.csv", enclosed, encoding).load()) == 2 * N_BASKETS


def test_quotes_that_belong_to_the_text(tmp_path: Path) -> None:
    changed = {3: '1,"frame 7 inch,', 90: '44,seat 3",'}
    with pytest.raises(DataFormatError, match=r"set dataset\.quoted=false"):
        baskets(tmp_path / "mine.csv", text_with(changed)).load()
    ratings = baskets(tmp_path / "mine.csv", text_with(changed), quoted=False).load()
    assert {'"frame 7 inch', 'seat 3"'} < set(ratings.item_id.tolist())
    assert len(ratings) == 2 * N_BASKETS


def test_fields_of_many_lines_that_are_no_rows_are_read(tmp_path: Path) -> None:
    note = '"good,\nvery good\n\nI would ""buy"" it again, and again, and again"'
    ratings = baskets(tmp_path / "mine.csv", text_with({3: f"0,tea,{note}"})).load()
    assert len(ratings) == 2 * N_BASKETS
    assert "tea" in ratings.item_id.tolist()


def test_quotes_after_many_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotes, "BYTES_AT_ONCE", 64)
    enclosed = {line: f'{line},"milk, {line}",""' for line in range(2, 122)}
    assert len(baskets(tmp_path / "mine.csv", text_with(enclosed)).load()) == 120
    with pytest.raises(
        DataFormatError, match="line 118: the quote before 'milk,' is followed by another on line 119"
    ):
        baskets(tmp_path / "mine.csv", text_with(enclosed | {118: '118,"milk,'})).load()


def test_the_items(tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    (tmp_path / "mine.csv").write_text("user_id,item_id,rating\n1,1,4\n")
    mine = CsvDataset(str(tmp_path / "mine.csv"), items_path=str(items))
    items.write_text('item_id,title\n1,"Milk\n1 litre"\n2,"7"" frame"\n3,"Tea" \n')
    catalog = mine.load().items
    assert catalog is not None
    assert catalog.title == ("Milk\n1 litre", '7" frame', "Tea")
    for title in ('"frame 7 inch', '"frame 7'):
        items.write_text(f'item_id,title\n1,{title}\n2,Milk\n3,Bread 7"\n')
        with pytest.raises(DataFormatError, match=r"items\.csv, line 2: the quote before 'frame") as caught:
            mine.load()
        # It would hold for the ratings, too.
        assert str(caught.value).endswith(f"{DOUBLED}.")
        alone = ParquetDataset(str(tmp_path / "mine.parquet"), items_path=str(items))
        with pytest.raises(DataFormatError, match=r"set dataset\.quoted=false"):
            alone._read_items()


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(alphabet='"ab,\n\r', max_size=14))
def test_what_the_quick_look_passes_is_read_as_it_was_meant(text: str) -> None:
    if quotes.quotes_close_on_their_lines(io.BytesIO(text.encode()), ","):
        rows = list(quotes.quoted_rows(io.StringIO(text, newline=""), ","))
        assert [row for _, row in rows] == [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        assert not any("\n" in field or "\r" in field for _, row in rows for field in row)
