"""Layout wide: an item in each of several columns."""

from functools import partial

import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataFormatError, ParameterError
from tests.datasets.table import tables
from tests.integration.cures import tries

read = partial(tables.read, layout="wide")

# As in the groceries of Kaggle: a column with the number of items, then 32 columns of items.
KAGGLE = (
    "Item(s),Item 1,Item 2,Item 3,Item 4\n"
    "4,citrus fruit,semi-finished bread,margarine,ready soups\n"
    "3,tropical fruit,yogurt, coffee,\n"
    "1,whole milk,,,\n"
    "2,yogurt,yogurt,,\n"
)


def test_the_groceries_of_kaggle(tmp_path):
    (tmp_path / "a.csv").write_text(KAGGLE)
    assert read(tmp_path / "a.csv") == {
        1: {"citrus fruit", "semi-finished bread", "margarine", "ready soups"},
        2: {"tropical fruit", "yogurt", "coffee"},
        3: {"whole milk"},
        4: {"yogurt"},
    }


SERIES = "when,who,item_1,item_2,qty_1,qty_2\n2024-05-01,7,tea,milk,1,2\n2024-05-02,7,milk,,1,\n"


@tries("recsys/datasets/table/layouts/item_columns.py", "KEY, patterns[0]")
def test_two_series_are_refused_with_both_readings(tmp_path):
    (tmp_path / "a.csv").write_text(SERIES)
    with pytest.raises(DataFormatError) as refused:
        read(tmp_path / "a.csv")
    items, quantities = (read(tmp_path / "a.csv", **one) for one in tables.cures(refused.value))
    assert items == {1: {"tea", "milk"}, 2: {"milk"}}
    assert quantities == {1: {1, 2}, 2: {1}}


def test_other_columns_keep_their_roles(tmp_path):
    (tmp_path / "a.csv").write_text(SERIES)
    columns = {"user_id": "who", "timestamp": "when", "item_id": "item_*"}
    found = TableDataset(str(tmp_path / "a.csv"), layout="wide", columns=columns).load()
    assert found.has_customers
    assert found.user_id.tolist() == [7, 7, 7]
    assert found.order_id.tolist() == [1, 1, 2]
    assert found.timestamp.tolist() == [1714521600, 1714521600, 1714608000]


@tries("recsys/datasets/table/layouts/layout.py", "dataset.columns.user_id=null")
def test_orders_of_a_customer_need_times(tmp_path):
    (tmp_path / "a.csv").write_text(SERIES)
    columns = {"user_id": "who", "item_id": "item_*"}
    with pytest.raises(DataFormatError, match=r"'7' has several rows.*columns\.timestamp") as refused:
        read(tmp_path / "a.csv", columns=columns)
    (settings,) = tables.cures(refused.value, columns=columns)
    assert read(tmp_path / "a.csv", **settings) == {1: {"tea", "milk"}, 2: {"milk"}}


def test_rows_without_items_are_counted(tmp_path, caplog):
    (tmp_path / "a.csv").write_text("item_1,item_2\ntea,\n,\n,milk\n")
    with caplog.at_level("INFO"):
        assert read(tmp_path / "a.csv") == {1: {"tea"}, 3: {"milk"}}
    assert "1 of 3 rows have no items, and are no orders" in caplog.text


@tries("recsys/datasets/table/layouts/item_columns.py", "KEY, patterns[0]")
def test_columns_without_numbers_are_chosen(tmp_path):
    (tmp_path / "a.csv").write_text("id,main,side\n5,pizza,salad\n6,soup,\n")
    with pytest.raises(DataFormatError, match="no columns are numbered") as refused:
        read(tmp_path / "a.csv", columns={"order_id": "id"})
    (cured,) = tables.cures(refused.value, columns={"order_id": "id"})
    for columns in (cured["columns"], {"order_id": "id", "item_id": ["main", "side"]}):
        assert read(tmp_path / "a.csv", columns=columns) == {5: {"pizza", "salad"}, 6: {"soup"}}


def test_a_pattern_without_a_column_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text(KAGGLE)
    with pytest.raises(DataFormatError, match="no column without another role is called 'product_"):
        read(tmp_path / "a.csv", columns={"item_id": "product_*"})


def test_other_layouts_have_one_column_of_items():
    with pytest.raises(ParameterError, match=r"columns\.item_id must be one column with layout: long"):
        TableDataset("a.csv", columns={"item_id": ["a", "b"]})
