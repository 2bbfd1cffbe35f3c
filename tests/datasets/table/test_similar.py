"""Items that differ only in capitals or blanks."""

import pytest

from tests.datasets.table import tables
from tests.integration.cures import tries


@tries("recsys/datasets/table/similar.py", "'dataset.query'")
def test_items_that_differ_only_in_capitals_or_blanks_are_warned_of(tmp_path, caplog):
    path = tmp_path / "a.csv"
    path.write_text("order,The item\n1,Tea\n1,green  tea\n2,tea \n2,Green tea\n2,milk\n")
    columns = {"order_id": "order", "item_id": "The item"}
    assert tables.read(path, columns=columns) == {1: {"Tea", "green  tea"}, 2: {"tea", "Green tea", "milk"}}
    (message,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert "2 items differ from another one only in capitals or blanks, such as 'Green tea' and" in message
    (settings,) = tables.cures(message, columns=columns)
    caplog.clear()
    assert tables.read(path, **settings) == {1: {"tea", "green tea"}, 2: {"tea", "green tea", "milk"}}
    assert not [one for one in caplog.records if one.levelname == "WARNING"]


@pytest.mark.parametrize(
    ("layout", "text"), [("lines", "Tea,milk\ntea,milk\n"), ("list", 'a\n"Tea,milk"\n"tea,milk"\n')]
)
def test_in_other_layouts_the_table_is_to_be_corrected(tmp_path, caplog, layout, text):
    (tmp_path / "a.csv").write_text(text)
    tables.read(
        tmp_path / "a.csv", layout=layout, **({"columns": {"item_id": "a"}} if layout == "list" else {})
    )
    assert "Correct the table if they are the same." in caplog.text
