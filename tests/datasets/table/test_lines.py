"""Layout lines: a basket per line."""

import gzip
from functools import partial

import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataFormatError, ParameterError
from tests.datasets.table import tables
from tests.integration.cures import tries

read = partial(tables.read, layout="lines")


def naive(text, separator=","):
    lines = ({one.strip() for one in line.split(separator)} - {""} for line in text.splitlines())
    return {number: items for number, items in enumerate(lines, start=1) if items}


BASKETS = "tea,cake,tea\nmilk\n\n tea , milk,\n,,\ncake,milk\n"


def test_counts_are_those_of_a_naive_reader(tmp_path):
    (tmp_path / "a.csv").write_text(BASKETS)
    assert read(tmp_path / "a.csv") == naive(BASKETS)


def test_a_gzipped_file_with_windows_line_ends(tmp_path):
    text = BASKETS.replace("\n", "\r\n").replace("cake", "Käse")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    assert read(tmp_path / "a.csv.gz") == naive(BASKETS.replace("cake", "Käse"))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_is_found(tmp_path, separator):
    text = BASKETS.replace(",", separator)
    (tmp_path / "a.txt").write_text(text)
    assert read(tmp_path / "a.txt") == naive(text, separator)


@pytest.mark.parametrize("settings", [{"where": "item = 'tea'"}, {"columns": {"order_id": "a"}}])
def test_settings_of_columns_are_refused(settings):
    with pytest.raises(ParameterError, match="with layout: lines"):
        TableDataset(path="a.csv", layout="lines", **settings)


def test_items_in_quotes(tmp_path):
    (tmp_path / "a.csv").write_text('"rolls, white",tea\n tea, "7"" disc" ,milk\nmilk\n')
    assert read(tmp_path / "a.csv") == {
        1: {"rolls, white", "tea"},
        2: {"tea", '7" disc', "milk"},
        3: {"milk"},
    }


@tries("recsys/datasets/table/layouts/lines.py", "does not enclose a whole item")
def test_a_quote_within_an_item_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text('tea,milk\n7" disc,tea\n')
    with pytest.raises(DataFormatError, match=r"Line 2: a quote.*dataset\.quoted=false"):
        read(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", quoted=False) == {1: {"tea", "milk"}, 2: {'7" disc', "tea"}}


@tries("recsys/datasets/table/layouts/item_separator.py", "typed_separator(one)")
def test_two_separators_are_refused_with_both_readings(tmp_path):
    (tmp_path / "a.csv").write_text("tea,cake;milk\nmilk,tea\n")
    with pytest.raises(DataFormatError) as refused:
        read(tmp_path / "a.csv")
    assert "'tea' and 'cake;milk'" in str(refused.value)
    assert "'tea,cake' and 'milk'" in str(refused.value)
    for settings, separator in zip(tables.cures(refused.value), ",;", strict=True):
        assert read(tmp_path / "a.csv", **settings) == naive("tea,cake;milk\nmilk,tea\n", separator)


@tries("recsys/datasets/table/layouts/lines.py", "may be a header or an order")
@pytest.mark.parametrize("first", ["groceries", "item,product"])
def test_a_first_line_that_may_be_a_header_is_refused(tmp_path, first):
    (tmp_path / "a.csv").write_text(f"{first}\n{BASKETS}")
    with pytest.raises(DataFormatError, match=r"dataset\.header=true if .* dataset\.header=false if"):
        read(tmp_path / "a.csv")
    whole = naive(f"{first}\n{BASKETS}")
    assert read(tmp_path / "a.csv", header=False) == whole
    del whole[1]
    assert read(tmp_path / "a.csv", header=True) == whole


@tries("recsys/datasets/table/layouts/lines.py", "dataset.line_ids=true")
def test_first_fields_that_may_be_ids_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("70,tea,milk\n80,milk\n90,tea\n")
    with pytest.raises(
        DataFormatError, match=r"such as '70'.*line_ids=true if it is an id, dataset\.line_ids=f"
    ):
        read(tmp_path / "a.csv")
    expected = {70: {"tea", "milk"}, 80: {"milk"}, 90: {"tea"}}
    assert read(tmp_path / "a.csv", line_ids=True) == expected
    items = read(tmp_path / "a.csv", line_ids=False)
    assert items == {1: {"70", "tea", "milk"}, 2: {"80", "milk"}, 3: {"90", "tea"}}


@pytest.mark.parametrize("text", ["tea\ntea,milk\n", "rye bread,curd\ntea,milk\n"])
def test_a_first_line_of_items_is_an_order(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    assert read(tmp_path / "a.csv") == naive(text)


@tries("recsys/datasets/table/layouts/lines.py", "Set dataset.layout=wide dataset.header=true")
def test_numbers_of_items_are_no_items(tmp_path):
    path, groceries = tmp_path / "a.csv", {"layout": "lines", "header": False, "line_ids": False}
    path.write_text("Item(s),Item 1,Item 2\n2,tea,milk\n1,tea,\n2,jam,tea\n")
    with pytest.raises(DataFormatError, match="the number of items behind it") as error:
        read(path, **groceries)
    (cured,) = tables.cures(error.value, **groceries)
    assert list(read(path, **cured).values()) == [{"tea", "milk"}, {"tea"}, {"jam", "tea"}]
    path.write_text("2,tea,milk\n1,tea\n2,jam,tea\n")
    with pytest.raises(DataFormatError, match="Remove it from the lines"):
        read(path)
    path.write_text("2,tea,milk\n1,tea\n1,jam,tea\n")
    assert read(path, line_ids=False, header=False)[1] == {"2", "tea", "milk"}
