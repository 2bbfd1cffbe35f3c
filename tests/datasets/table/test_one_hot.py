"""Layout one_hot: a column for each item."""

from functools import partial

import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataFormatError
from tests.datasets.table import tables
from tests.integration.cures import tries

read = partial(tables.read, layout="one_hot")


def test_marks(tmp_path):
    rows = ["tea,whole milk ,cake,rolls,jam", "1,True,f,no,1.0", "0,False,f,no,0.0", "0,true,T,YES,0.0"]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    assert read(tmp_path / "a.csv") == {1: {"tea", "whole milk", "jam"}, 3: {"whole milk", "cake", "rolls"}}


@pytest.mark.parametrize("mark", ["x", "1"])
def test_empty_cells_are_no_items_where_others_hold_a_mark(tmp_path, mark):
    (tmp_path / "a.csv").write_text(f"tea,milk,cake\n{mark},,{mark}\n,,\n,{mark},\n")
    assert read(tmp_path / "a.csv") == {1: {"tea", "cake"}, 3: {"milk"}}


COUNTS = "hour,tea,milk\n8,2,0\n0,0,1\n"


@tries("recsys/datasets/table/layouts/item_columns.py", "KEY, patterns[0]")
def test_numbers_above_1_are_counts_or_no_items(tmp_path):
    (tmp_path / "a.csv").write_text(COUNTS)
    with pytest.raises(DataFormatError, match=r"'hour' .up to 8., 'tea' .up to 2. are above 1") as refused:
        read(tmp_path / "a.csv")
    all_counts, _ = tables.cures(refused.value)
    assert read(tmp_path / "a.csv", **all_counts) == {1: {"hour", "tea"}, 2: {"milk"}}
    columns = {"item_id": ["*", "!hour"]}
    found = TableDataset(str(tmp_path / "a.csv"), layout="one_hot", columns=columns).load()
    assert found.item_id.tolist() == ["tea", "milk"]
    assert found.quantity.tolist() == [2, 1]


@tries("recsys/datasets/table/layouts/item_columns.py", "KEY, patterns[0]")
@pytest.mark.parametrize("value", ["monday", "-1", "0.5", "1e999"])
def test_other_values_are_refused(tmp_path, value):
    (tmp_path / "a.csv").write_text(f"day,tea,milk\n{value},1,0\n{value},0,1\n")
    with pytest.raises(DataFormatError, match=r"'day' .*neither 0 nor 1") as refused:
        read(tmp_path / "a.csv")
    (settings,) = tables.cures(refused.value)
    assert read(tmp_path / "a.csv", **settings) == {1: {"tea"}, 2: {"milk"}}


def test_a_column_with_a_role_is_no_item(tmp_path):
    (tmp_path / "a.csv").write_text("id,tea,milk\n70,1,0\n80,1,1\n")
    assert read(tmp_path / "a.csv", columns={"order_id": "id"}) == {70: {"tea"}, 80: {"tea", "milk"}}


def test_an_empty_cell_among_zeros_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("tea,milk\n1,0\n,1\n")
    with pytest.raises(DataFormatError, match=r"'tea' .1 empty. are empty, while others are 0"):
        read(tmp_path / "a.csv")
