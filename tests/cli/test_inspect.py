"""`recsys inspect`: files of many forms, and the commands that it prints, as typed."""

import json
import shlex
import sqlite3
from contextlib import closing

import pytest

from recsys.cli import inspect
from recsys.datasets import TableDataset
from recsys.errors import DataFormatError
from tests.datasets.table import tables
from tests.integration.cures import overrides_in, tries

SHOP = (
    "Bon-Nr;Kaufdatum;Kunden-Nr.;Artikel-Nr;Bezeichnung;Warengruppe;Menge;Einzelpreis\n"
    "1;13.05.2024;7;A1;Tee;Getränke;2;1,50\n1;13.05.2024;7;A2;Milch;Getränke;1;0,99\n"
    "2;14.05.2024;8;A1;Tee;Getränke;1;1,50\n3;14.05.2024;7;B1;Brot;Backwaren;1;3,20\n"
)
# Contents of a file, what is printed of it, and the orders that the printed command reads.
FILES = {
    "German": (
        SHOP,
        (
            "Layout long: a row for each item of an order: 4 rows of 3 orders.",
            "Kunden-Nr.   integer              2         0        7, 8                    user_id\n",
            "Read: 4 entries, 3 items, 3 orders. The first:\n  1 of 7, 2024-05-13: Tee, Milch\n",
            "and serve it:\n  python -m recsys experiment=baskets dataset=table ",
            "\n  python -m recsys registry register --latest\n  python -m recsys serve\n",
        ),
        [(1, "Tee"), (1, "Milch"), (3, "Brot"), (2, "Tee")],
    ),
    "Spanish": (
        "factura,cliente_id,fecha_compra,producto\n5,1,2024-05-01,té\n5,1,2024-05-01,pan\n6,1,2024-05-02,té\n",
        ("order_id: factura (its name)",),
        [(5, "pan"), (5, "té"), (6, "té")],
    ),
    "French": (
        "no_commande,libellé,prix_unitaire\n5,thé,1.5\n5,pain,2.5\n6,thé,1.5\n",
        ("item_id: libellé (the name of the item, as there is no id of it)",),
        [(5, "pain"), (5, "thé"), (6, "thé")],
    ),
    "lines": (
        "tea,milk\nmilk\ntea,milk\n",
        ("the lines have 1 to 2 fields, separated by ','",),
        [(1, "milk"), (1, "tea"), (2, "milk"), (3, "milk"), (3, "tea")],
    ),
    "list": (
        'ticket,items\n7,"tea, milk"\n8,tea\n9,"milk, tea"\n',
        ("the cells of items hold lists",),
        [(7, "milk"), (7, "tea"), (8, "tea"), (9, "milk"), (9, "tea")],
    ),
    "wide": (
        "basket,item_1,item_2,qty_1,qty_2\n1,tea,milk,1,2\n2,tea,,3,\n",
        ("item_1 to item_2 are 2 numbered columns",),
        [(1, "milk"), (1, "tea"), (2, "tea")],
    ),
    "one-hot": (
        "id,tea,milk,cake,day\n7,1,0,0,monday\n8,2,1,0,friday\n9,0,0,1,sunday\n",
        ("item_id: *, !day (the names of columns)",),
        [(7, "tea"), (8, "milk"), (8, "tea"), (9, "cake")],
    ),
    "missing": ("order,sku\n1,tea\n1,\n,tea\n3,milk\n", ("dataset.missing=drop",), [(1, "tea"), (3, "milk")]),
    "guests": (
        "order,sku,customer,units\n1,tea,,1\n1,milk,,-1\n3,milk,5,2\n",
        ("dataset.missing=guest", "  3 of 5: milk\n  1 without a customer: tea\n"),
        [(3, "milk"), (1, "tea")],
    ),
    "guests and missing items": (
        "order,sku,customer,price\n1,tea,,1.5\n1,milk,,2\n2,,,\n3,milk,5,2\n",
        ("dataset.missing=guest 'dataset.where=\"sku is not null\"'", "price     number   2         1 "),
        [(3, "milk"), (1, "milk"), (1, "tea")],
    ),
    "lines before the header": (
        "Sales report\nof 2024\n\norder;sku;units\n1;tea;2\n1;milk;2\n3;milk;1\n",
        (" dataset.skip=3\n",),
        [(1, "milk"), (1, "tea"), (3, "milk")],
    ),
    "as Excel writes it": (
        "sep=;\norder;sku;units\n1;tea;2\n1;milk;2\n3;milk;1\n",
        ("Layout long",),
        [(1, "milk"), (1, "tea"), (3, "milk")],
    ),
    "a header in the middle": (
        "order,sku,units\n1,tea,2\n1,milk,2\norder,sku,units\n3,milk,1\n3,tea,1\n",
        (),
        [(1, "milk"), (1, "tea"), (3, "milk"), (3, "tea")],
    ),
}


def run(capsys, *arguments):
    code = inspect.main(list(map(str, arguments)))
    printed = capsys.readouterr()
    assert not printed.err
    return code, printed.out


def load(command):
    """Load the dataset of a command, as a shell passes it on."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "recsys", "dataset=table"]
    return TableDataset(**tables.cured({}, words[4:])).load()


@tries("recsys/cli/inspect.py", "f'dataset.{key}'", "' '.join(overrides)")
@tries("recsys/datasets/table/reading.py", "to leave such lines out")
@pytest.mark.parametrize("form", FILES)
def test_the_command_reads_the_file(tmp_path, capsys, form):
    text, printed, orders = FILES[form]
    path = tmp_path / "my sales.csv"
    path.write_text(text)
    code, out = run(capsys, path)
    if form == "a header in the middle":
        assert code == 1
        assert "line 4: the names of the columns stand there again" in out
        code, out = run(capsys, path, *overrides_in(out, ".csv, line 4")[0])
    assert code == 0
    assert all(text in out for text in printed)
    command = out.split("To go on:\n")[1].splitlines()[0]
    found = load(command)
    assert list(zip(found.order_id.tolist(), found.titles(found.item_id), strict=True)) == orders


def test_json(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text(SHOP)
    answer = json.loads(run(capsys, path, "--json")[1])
    assert answer["settings"]["columns"]["order_id"] == "Bon-Nr"
    assert answer["counts"] == {"entries": 4, "items": 3, "orders": 3}
    assert answer["columns"][0]["n_distinct"] == 3
    assert len(load(answer["commands"]["run"])) == 4


def test_what_cannot_be_told_is_asked_for(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("foo,bar\n1,milk\n1,tea\n2,tea\n2,milk\n")
    code, out = run(capsys, path)
    assert code == 1
    assert "No column is named as an item: set dataset.columns.item_id to one of foo, bar." in out
    assert "To go on" not in out
    code, out = run(capsys, path, "dataset.columns.item_id=bar", "dataset.columns.order_id=foo")
    assert code == 0
    assert len(load(out.split("To go on:\n")[1].splitlines()[0])) == 4


def test_a_table_without_a_header(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("1,milk\n1,tea\n2,tea\n2,milk\n")
    assert "no header" in run(capsys, path)[1]
    code, out = run(capsys, path, "dataset.columns={order_id: column1, item_id: column2}")
    assert code == 0
    assert len(load(out.split("To go on:\n")[1].splitlines()[0])) == 4


def test_what_will_be_refused_and_how_to_settle_it(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text(SHOP.replace("13.05.2024", "03.05.2024").replace("14.05.2024", "04.05.2024"))
    code, out = run(capsys, path)
    assert code == 1
    assert "'dataset.timestamp_format=\"%d.%m.%Y\"'" in out
    code, out = run(capsys, path, 'dataset.timestamp_format="%d.%m.%Y"')
    assert code == 0
    assert load(out.split("To go on:\n")[1].splitlines()[0]).timestamp[0] == 1714694400


@pytest.mark.parametrize("word", ["columns.item_id=x", "dataset", "dataset.columns={"])
def test_other_overrides_are_refused(tmp_path, capsys, word):
    assert inspect.main([str(tmp_path / "a.csv"), word]) == 1
    assert "the override must be" in capsys.readouterr().err


def test_a_known_data_set(tmp_path, capsys):
    path = tmp_path / "Bakery.csv"
    path.write_text(
        "TransactionNo,Items,DateTime,Daypart,DayType\n1,Bread,2016-10-30 09:58:11,Morning,Weekend\n"
    )
    _, out = run(capsys, path)
    assert f"To go on:\n  python -m recsys dataset=bakery dataset.path={path}\n" in out


@tries("recsys/datasets/table/binary.py", "is an SQLite database")
def test_a_database(tmp_path, capsys):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as shop:
        shop.execute("CREATE TABLE sales (order_id int, item text, qty int)")
        shop.executemany(
            "INSERT INTO sales VALUES (?, ?, ?)", [(1, "tea", 1), (1, "milk", -1), (2, "tea", 2)]
        )
        shop.commit()
        code, out = run(capsys, path)
        assert code == 0
        assert len(load(out.split("To go on:\n")[1].splitlines()[0])) == 2
        with pytest.raises(DataFormatError, match=rf"dataset\.database={path}, and dataset\.table to one of"):
            TableDataset(path=str(path)).load()
        shop.execute("CREATE TABLE customers (name text)")
        shop.commit()
    code, out = run(capsys, path)
    assert code == 1
    assert "has the tables customers, sales. Set dataset.table to one" in out
    assert run(capsys, path, "dataset.table=sales")[0] == 0


def test_a_password_is_not_repeated(capsys):
    assert inspect.main(["postgresql://user:geheim@localhost/shop"]) == 1
    printed = capsys.readouterr()
    assert "has a password" in printed.err
    assert "geheim" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04" + bytes(100), "is an Excel workbook"),
        (b"\x89PNG\r\n\x1a\n" + b"a\0bc" * 100, "is no text"),
        (b"", "is empty"),
        (b"a,b\n", "has no rows"),
    ],
)
def test_a_file_that_is_no_table_is_an_error(tmp_path, capsys, content, reason):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert inspect.main([str(path)]) == 1
    assert reason in capsys.readouterr().err


def test_lists_in_json(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text('{"order": 1, "items": ["tea", "milk"]}\n{"order": 2, "items": ["tea"]}\n')
    _, out = run(capsys, path)
    assert "the cells of items hold lists" in out
    assert len(load(out.split("To go on:\n")[1].splitlines()[0])) == 3
