"""Layout list: the items of an order in one cell."""

import csv
import json
from functools import partial

import duckdb
import pytest

from recsys.errors import DataFormatError
from tests.datasets.table import tables
from tests.integration.cures import tries

read = partial(tables.read, layout="list", columns={"item_id": "items"})

BASKETS = [["tea", "rolls, white"], ["milk"], ["tea", "baker's yeast", "milk"]]
EXPECTED = {number: set(items) for number, items in enumerate(BASKETS, start=1)}


def write(path, cells):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("items",), *((cell,) for cell in cells)])
    return path


@pytest.mark.parametrize("written", [json.dumps, repr, "[{}]".format], ids=["JSON", "Python", "bare"])
def test_lists_in_brackets(tmp_path, written):
    bare = [[item.replace(",", "").replace("'", "") for item in items] for items in BASKETS]
    cells = [", ".join(items) for items in bare] if written not in (json.dumps, repr) else BASKETS
    expected = EXPECTED if cells is BASKETS else {n: set(items) for n, items in enumerate(bare, start=1)}
    assert read(write(tmp_path / "a.csv", map(written, cells))) == expected


def test_escapes_of_json(tmp_path):
    assert read(write(tmp_path / "a.csv", ['["caf\\u00e9", "7\\" disc"]'])) == {1: {"café", '7" disc'}}


def test_items_in_braces(tmp_path):
    assert read(write(tmp_path / "a.csv", ["{tea,whole milk}", '{"a,b",tea}'])) == {
        1: {"tea", "whole milk"},
        2: {"a,b", "tea"},
    }


@pytest.mark.parametrize("separator", [", ", " | ", "\t"])
def test_joined_items(tmp_path, separator):
    cells = [separator.join(items) for items in (["tea", "milk", "tea"], ["milk"], ["cake", " tea"])]
    assert read(write(tmp_path / "a.csv", cells)) == {1: {"tea", "milk"}, 2: {"milk"}, 3: {"cake", "tea"}}


def test_a_separator_of_several_characters_is_given(tmp_path):
    assert read(write(tmp_path / "a.csv", ["tea and milk"]), list_separator=" and ") == {1: {"tea", "milk"}}


def test_an_empty_cell_is_an_order_without_items(tmp_path):
    (tmp_path / "a.csv").write_text("order,items\n7,tea;milk\n8,\n9,milk\n")
    columns = {"order_id": "order", "item_id": "items"}
    assert read(tmp_path / "a.csv", columns=columns) == {7: {"tea", "milk"}, 9: {"milk"}}


def test_lists_of_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT 7 AS o, [1, 2] AS items UNION ALL SELECT 8, [2, NULL]) TO '{path}'")
    assert read(path, columns={"order_id": "o", "item_id": "items"}) == {7: {1, 2}, 8: {2}}


@tries("recsys/datasets/table/layouts/item_separator.py", "typed_separator(one)")
def test_two_separators_are_refused_with_both_readings(tmp_path):
    path = write(tmp_path / "a.csv", ["rolls, white;tea", "milk"])
    with pytest.raises(DataFormatError) as refused:
        read(path)
    found = [
        read(path, **{**settings, "columns": {"item_id": "items"}})
        for settings in tables.cures(refused.value)
    ]
    assert found == [{1: {"rolls", "white;tea"}, 2: {"milk"}}, {1: {"rolls, white", "tea"}, 2: {"milk"}}]


@pytest.mark.parametrize(
    "cell", ["['tea' 'milk']", "['tea', 'milk'", "['caf\\xe9']"], ids=["no comma", "not closed", "escape"]
)
def test_a_cell_that_is_no_list_is_refused(tmp_path, cell):
    path = write(tmp_path / "a.csv", ["['tea', 'milk']", cell])
    with pytest.raises(DataFormatError, match="Layout list"):
        read(path)
    assert read(write(path, ["['tea', 'milk']", '["tea", "milk"]'])) == {
        1: {"tea", "milk"},
        2: {"tea", "milk"},
    }


@tries("recsys/datasets/table/layouts/lists.py", "if the brackets are text", "are no lists")
def test_cells_of_different_forms_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", ["[tea],milk", "[tea]", "milk"])
    with pytest.raises(DataFormatError, match="1 of 3 cells") as refused:
        read(path)
    columns = {"item_id": "items"}
    (settings,) = tables.cures(refused.value, columns=columns)
    assert read(path, **settings) == {1: {"[tea]", "milk"}, 2: {"[tea]"}, 3: {"milk"}}
    path = write(tmp_path / "b.csv", ["tea", "milk"])
    with pytest.raises(DataFormatError, match=r"dataset\.layout=long") as refused:
        read(path)
    roles = {"order_id": "items", "item_id": "items"}
    assert tables.read(path, layout="long", columns=roles) == {"milk": {"milk"}, "tea": {"tea"}}


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(
        DataFormatError, match=r"no column 'item_id'; it has 'items'.*dataset\.columns\.item_id"
    ):
        read(write(tmp_path / "a.csv", ["tea;milk"]), columns={})
