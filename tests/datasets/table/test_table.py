"""TableDataset on small tables."""

from recsys.datasets import TableDataset
from recsys.datasets.table.files import FileSource


def test_the_long_layout_is_read(tmp_path):
    (tmp_path / "sales.csv").write_text("order;item;who\n2;tea;7\n1;milk;8\n1;tea;8\n")
    columns = {"order_id": "order", "item_id": "item"}
    found = TableDataset(str(tmp_path / "sales.csv"), columns=columns).load()
    assert found.order_id.tolist() == found.user_id.tolist() == [1, 1, 2]
    assert found.item_id.tolist() == ["milk", "tea", "tea"]
    assert not found.has_customers


def test_a_source_gives_the_lines_of_a_text_file(tmp_path):
    (tmp_path / "baskets.csv").write_bytes("tea,caf\u00e9\r\n\r\nmilk\n".encode("cp1252"))
    with FileSource((("data", str(tmp_path / "baskets.csv")),)).open((), lines=True) as table:
        assert table.relation.project("line, text").fetchall() == [(1, "tea,caf\u00e9"), (3, "milk")]
