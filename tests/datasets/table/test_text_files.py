"""Text files of every form are read alike, and rows are never lost or joined without a word."""

import gzip
import logging

import pytest

from recsys.datasets import TableDataset
from recsys.datasets.table import prepared
from recsys.datasets.table.text_file import TextFile
from recsys.errors import DataFormatError
from tests.datasets.table.tables import read

COLUMNS = {"order_id": "order", "item_id": "item"}
ROWS = [["order", "item", "price"], ["1", "café", "2.50"], ["1", "tea", "1"], ["3", "tea", "1"]]
BASKETS = {1: {"café", "tea"}, 3: {"tea"}}


def text(separator=",", end="\n"):
    return "".join(f"{separator.join(row)}{end}" for row in ROWS)


FORMS = {
    "plain": text().encode(),
    "no end of the last line": text().rstrip().encode(),
    "returns and line feeds": text(end="\r\n").encode(),
    "returns": text(end="\r").encode(),
    "mixed ends": text().replace("2.50\n", "2.50\r\n").encode(),
    "byte order mark": text().encode("utf-8-sig"),
    "UTF-16": text("\t").encode("utf-16"),
    "UTF-16 without a mark": text().encode("utf-16-le"),
    "cp1252": text(";").encode("cp1252"),
    "Excel's first line": ("sep=;\r\n" + text(";", "\r\n")).encode("utf-8-sig"),
    "decimal comma": text(";").replace("2.50", "2,50").encode(),
    "tabs": text("\t").encode(),
    "bars": text("|").encode(),
    "empty lines": text().replace("\n", "\n\n").encode(),
    "quotes": text().replace("tea", '"tea"').encode(),
    "a line end in quotes": text().replace("2.50", '"2.50\n"').encode(),
    "quotes in quotes": text().replace("order,", '"the ""order""",').replace("1,", '"1",').encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_found(form, tmp_path):
    (tmp_path / "sales.csv").write_bytes(FORMS[form])
    columns = {**COLUMNS, "price": "price"}
    if "in quotes" in form and form.startswith("quotes"):
        columns["order_id"] = 'the "order"'
    found = TableDataset(str(tmp_path / "sales.csv"), columns=columns).load()
    assert found.order_id.tolist() == [1, 1, 3]
    assert found.item_id.tolist() == ["café", "tea", "tea"]
    assert found.price.tolist() == [2.5, 1, 1]


@pytest.mark.parametrize("form", ["byte order mark", "empty lines", "a line end in quotes"])
def test_large_text_is_parsed_each_time_it_is_read(form, tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "MAX_LOADED", 0)
    (tmp_path / "sales.csv").write_bytes(FORMS[form])
    assert read(tmp_path / "sales.csv", columns=COLUMNS) == BASKETS
    line = {"byte order mark": 2, "empty lines": 3, "a line end in quotes": 2}[form]
    with pytest.raises(DataFormatError, match=rf"sales\.csv, line {line}, column 'item'"):
        read(tmp_path / "sales.csv", columns={**COLUMNS, "price": "item"})


def test_rows_that_get_lost_are_noticed(tmp_path, monkeypatch):
    """As by a version of DuckDB that skips what it cannot read."""
    (tmp_path / "sales.csv").write_bytes(FORMS["plain"])
    sql = TextFile.sql.fget
    monkeypatch.setattr(TextFile, "sql", property(lambda file: f"(SELECT * FROM {sql(file)} LIMIT 2)"))
    for limit in (0, prepared.MAX_LOADED):
        monkeypatch.setattr(prepared, "MAX_LOADED", limit)
        where = "item <> 'x'" if limit else None
        with pytest.raises(DataFormatError, match="2 of 3 rows are read"):
            read(tmp_path / "sales.csv", columns=COLUMNS, where=where)


def test_what_was_found_is_logged(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "sales.csv").write_bytes(FORMS["Excel's first line"])
    read(tmp_path / "sales.csv", columns=COLUMNS)
    assert "3 columns separated by ';', utf-8-sig, header on line 2" in caplog.text


def test_what_was_found_can_be_overridden(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(b"report\norder:item\n1:\xe9\n")
    settings = {"separator": ":", "skip": 1, "encoding": "cp1250"}
    assert read(path, columns=COLUMNS, **settings) == {1: {"é"}}
    path.write_text('1,7" pipe\n2,tea\n')
    columns = {"order_id": "column1", "item_id": "column2"}
    assert read(path, columns=columns, header=False, quoted=False) == {1: {'7" pipe'}, 2: {"tea"}}


def test_files_of_a_folder_and_of_a_pattern_are_one_table(tmp_path):
    (tmp_path / "a.csv").write_bytes(FORMS["plain"])
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"item;price;order\nmilk;1;4\n"))
    (tmp_path / "_log").write_text("not read")
    for path in (tmp_path, tmp_path / "*.csv*"):
        found = read(path, columns=COLUMNS, where="item <> 'café'")
        assert found == {1: {"tea"}, 3: {"tea"}, 4: {"milk"}}


def test_files_of_which_some_have_more_columns(tmp_path):
    (tmp_path / "a.csv").write_text("o,item,n\n1,tea,2\n")
    (tmp_path / "b.csv").write_text("item,o\nmilk,2\n")
    settings = {"columns": {"order_id": "o", "item_id": "item"}}
    assert read(tmp_path, **settings) == {1: {"tea"}, 2: {"milk"}}
    match = r"b\.csv has the columns item, o, but .*a\.csv has o, item, n"
    for other in ({"where": "n > 1"}, {"columns": {**settings["columns"], "quantity": "n"}}):
        with pytest.raises(DataFormatError, match=match):
            read(tmp_path, **settings | other)


def test_files_that_number_their_orders_anew(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("o,item\n1,tea\n2,tea\n")
    (tmp_path / "b.csv").write_text("o,item\n2,milk\n3,milk\n")  # The order 2 was cut into two.
    settings = {"columns": {"order_id": "o", "item_id": "item"}}
    assert read(tmp_path, **settings) == {1: {"tea"}, 2: {"tea", "milk"}, 3: {"milk"}}
    assert not caplog.records
    (tmp_path / "b.csv").write_text("o,item\n2,milk\n1,milk\n")
    read(tmp_path, **settings, where="o > 0")
    assert "2 orders have lines in several files, such as '1', and are read as one order each" in caplog.text
