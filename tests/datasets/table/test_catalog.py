"""Titles and categories of items, in the table of orders and in another one."""

import logging

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataFormatError
from tests.datasets.table import tables
from tests.integration.cures import tries

COLUMNS = {"order_id": "order", "item_id": "code", "title": "name"}
# A1 is called Tea twice and Old tea once; B is called Cake and Bun, each once; C has no title.
SALES = (
    "order,code,name,aisle,dept\n"
    "1,A1,Old tea,tea,drinks\n1,B,Cake,cakes,bakery\n2,A1, Tea ,tea,drinks\n2,B,Bun,cakes,bakery\n"
    "3,A1,Tea,tea,food\n3,C,,,bakery\n"
)


def catalog(path, **settings):
    return TableDataset(path=str(path), **settings).load().items


def test_the_most_frequent_title_is_taken_and_the_number_of_others_said(tmp_path, caplog):
    (tmp_path / "a.csv").write_text(SALES)
    items = catalog(tmp_path / "a.csv", columns=COLUMNS)
    assert items.titles(["A1", "B", "C"]) == ["Tea", "Bun", "C"]
    (line,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert line.startswith("dataset.columns.title: 2 of 2 items have several values")
    assert line.endswith("for 'A1' 'Tea', not 'Old tea'.")


def test_categories_of_several_levels(tmp_path):
    (tmp_path / "a.csv").write_text(SALES)
    items = catalog(tmp_path / "a.csv", columns={**COLUMNS, "categories": ["dept", "aisle"]})
    assert items.levels == ("dept", "aisle")
    assert items.categories_of(["A1", "B", "C"]) == [("drinks", "tea"), ("bakery", "cakes"), ()]


def test_a_column_of_categories_is_a_level_unless_it_holds_several(tmp_path):
    (tmp_path / "a.csv").write_text(SALES)
    columns = {**COLUMNS, "categories": "dept"}
    items = catalog(tmp_path / "a.csv", columns=columns)
    assert (items.levels, items.categories_of(["C"])) == (("dept",), [("bakery",)])
    (tmp_path / "a.csv").write_text(SALES.replace("bakery", "bakery | sweet"))
    items = catalog(tmp_path / "a.csv", columns=columns)
    assert (items.levels, items.categories_of(["C"])) == ((), [("bakery", "sweet")])


def test_a_table_of_items(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n1,8\n2,9\n")
    (tmp_path / "items.csv").write_text("sku;label;dept\n8;Milk;dairy\n7;Tea;drinks\n")
    settings = {
        "columns": {"order_id": "order"},
        "items_path": str(tmp_path / "items.csv"),
        "items_columns": {"item_id": "sku", "title": "label", "categories": "dept"},
    }
    items = catalog(tmp_path / "a.csv", **settings)
    assert items.titles([7, 8, 9]) == ["Tea", "Milk", "9"]
    assert items.categories_of([7, 8, 9]) == [("drinks",), ("dairy",), ()]
    assert "lacks 1 of 3 items, such as '9'" in caplog.text
    digests = TableDataset(path=str(tmp_path / "a.csv"), **settings).content_digests()
    assert set(digests) == {"data", "items"}


def test_a_table_of_items_whose_ids_are_in_another_column_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n")
    (tmp_path / "items.csv").write_text("sku,label\n7,Tea\n")
    settings = {"columns": {"order_id": "order"}, "items_path": str(tmp_path / "items.csv")}
    with pytest.raises(DataFormatError, match=r"no column 'item_id'; it has 'sku', 'label'. Set dataset"):
        catalog(tmp_path / "a.csv", **settings)
    assert catalog(tmp_path / "a.csv", **settings, items_columns={"item_id": "sku", "title": "label"}).titles(
        [7]
    ) == ["Tea"]


def test_titles_by_a_query_over_several_tables(tmp_path):
    (tmp_path / "lines.csv").write_text("order,item\n1,7\n1,8\n")
    (tmp_path / "items.csv").write_text("item,name,aisle_id\n7,Tea,1\n8,Milk,2\n")
    (tmp_path / "aisles.csv").write_text("aisle_id,aisle\n1,hot\n2,cold\n")
    items = catalog(
        tmp_path,
        files={"lines": "lines.csv", "items": "items.csv", "aisles": "aisles.csv"},
        query='select "order", item from lines',
        items_query="select item, name, aisle from items join aisles using (aisle_id)",
        columns={"order_id": "order", "item_id": "item"},
        items_columns={"item_id": "item", "title": "name", "categories": "aisle"},
    )
    assert items.titles([7, 8]) == ["Tea", "Milk"]
    assert items.categories_of([7, 8]) == [("hot",), ("cold",)]


def test_a_wrong_column_of_items_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n1,8\n")
    (tmp_path / "items.csv").write_text("item_id,name,code\n1,Milk,8\n2,Tea,7\n")
    settings = {"columns": {"order_id": "order"}, "items_path": str(tmp_path / "items.csv")}
    with pytest.raises(DataFormatError, match=r"has none of the items, such as '7'.*items_columns\.item_id"):
        catalog(tmp_path / "a.csv", **settings, items_columns={"title": "name"})
    columns = {"item_id": "code", "title": "name"}
    assert catalog(tmp_path / "a.csv", **settings, items_columns=columns).titles([7]) == ["Tea"]
    (tmp_path / "items.csv").write_text("item_id,name,code\n7,Milk,8\n7,Tea,7\n")
    with pytest.raises(DataFormatError, match=r"'7' stands in several rows.*items_columns\.item_id"):
        catalog(tmp_path / "a.csv", **settings, items_columns={"title": "name"})
    assert catalog(tmp_path / "a.csv", **settings, items_columns=columns).titles([7]) == ["Tea"]


def test_a_table_of_items_with_nothing_but_ids_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n1,8\n")
    (tmp_path / "items.csv").write_text("item_id,name\n7,Tea\n8,Milk\n")
    settings = {"columns": {"order_id": "order"}, "items_path": str(tmp_path / "items.csv")}
    with pytest.raises(DataFormatError, match=r"neither titles nor categories.*items_columns") as error:
        catalog(tmp_path / "a.csv", **settings)
    assert "none of the items" not in str(error.value)
    assert catalog(tmp_path / "a.csv", **settings, items_columns={"title": "name"}).titles([7]) == ["Tea"]


@pytest.mark.parametrize("rows", ["", "7,\n8,\n", ",Tea\n"])
def test_a_table_of_items_without_titles_is_refused(tmp_path, rows):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n1,8\n")
    path = tmp_path / "items.csv"
    path.write_text(f"item_id,name\n{rows}")
    settings = {"columns": {"order_id": "order"}, "items_path": str(path), "items_columns": {"title": "name"}}
    with pytest.raises(DataFormatError, match=r"items\.csv has no row"):
        catalog(tmp_path / "a.csv", **settings)


@pytest.mark.parametrize(
    ("role", "kind", "values"),
    [
        ("title", r"VARCHAR\[\]", [["tea", "hot"], ["milk"]]),
        ("categories", r"VARCHAR\[\]", [["tea", "hot"], ["milk"]]),
        ("title", "BLOB", [b"tea", b"milk"]),
    ],
)
def test_titles_and_categories_that_are_no_text_are_refused(tmp_path, role, kind, values):
    (tmp_path / "a.csv").write_text("order,item_id\n1,7\n1,8\n")
    table = pa.table({"item_id": [7, 8], role: values, "other": ["tea|hot", "milk"]})
    pq.write_table(table, tmp_path / "items.parquet")
    settings = {"columns": {"order_id": "order"}, "items_path": str(tmp_path / "items.parquet")}
    match = rf"'{role}': the values are of type {kind} and.*set dataset\.items_columns\.{role} to"
    with pytest.raises(DataFormatError, match=match):
        catalog(tmp_path / "a.csv", **settings, items_columns={role: role})
    items = catalog(tmp_path / "a.csv", **settings, items_columns={role: "other"})
    found = items.titles([7]) if role == "title" else items.categories_of([7])
    assert found == (["tea|hot"] if role == "title" else [("tea", "hot")])


def test_a_column_of_titles_that_is_not_there_is_named(tmp_path):
    (tmp_path / "a.csv").write_text(SALES)
    with pytest.raises(DataFormatError, match=r"no column 'nam'.*dataset\.columns\.title"):
        tables.read(tmp_path / "a.csv", columns={**COLUMNS, "title": "nam"})


@tries("recsys/datasets/table/catalog.py", "Set dataset.ids=integer")
def test_ids_that_are_numbers_find_their_titles(tmp_path):
    (tmp_path / "sales.csv").write_text("o,item,name\n1,7.0,tea\n2,8.0,milk\n")
    (tmp_path / "items.csv").write_text("item,name\n007,green tea\n8.0,milk\n")
    path, columns = str(tmp_path / "sales.csv"), {"order_id": "o", "item_id": "item"}
    assert TableDataset(path, columns={**columns, "title": "name"}).load().items.title == ("tea", "milk")
    settings = {
        "items_path": str(tmp_path / "items.csv"),
        "items_columns": {"item_id": "item", "title": "name"},
    }
    assert TableDataset(path, columns=columns, **settings).load().items.title == ("", "milk")
    (tmp_path / "items.csv").write_text("item,name\n007,green tea\n008,milk\n")
    with pytest.raises(DataFormatError, match="such as '7', but ids that are the same numbers") as error:
        TableDataset(path, columns=columns, **settings).load()
    (cured,) = tables.cures(error.value, columns=columns, **settings)
    assert TableDataset(path, **cured).load().items.title == ("green tea", "milk")


def test_items_with_some_levels_are_said(tmp_path, caplog):
    (tmp_path / "sales.csv").write_text("o,item,d,a\n1,tea,Drinks,\n1,bun,Bakery,Rolls\n2,bun,Bakery,\n")
    columns = {"order_id": "o", "item_id": "item", "categories": ["d", "a"]}
    found = TableDataset(str(tmp_path / "sales.csv"), columns=columns).load()
    assert found.items.categories == (("Bakery", "Rolls"), ())
    assert "1 items, such as 'tea', have some of 2 levels and are read as having none" in caplog.text
