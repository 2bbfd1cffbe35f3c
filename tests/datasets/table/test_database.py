"""Tables and queries of databases are only read, and checked as those of files."""

import datetime
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
import sqlalchemy as sa

from recsys.composition import build_experiment
from recsys.datasets import TableDataset
from recsys.datasets.table import database
from recsys.datasets.table.database import DatabaseSource
from recsys.errors import DataError, DataFormatError, DataNotFoundError, ParameterError
from tests.integration.cures import composed, tries

COLUMNS = {"order_id": "order", "item_id": "item", "quantity": "n", "timestamp": "day"}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "ROWS_AT_ONCE", 2)
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute('create table sales ("order" integer, item text, n real, day text)')
    rows = [
        (1, "50% cocoa", 2.0, "2015-01-02"),
        (1, "tea:green", 1.5, "2015-01-02"),
        (2, "milk", -1, "2015-01-03"),
    ]
    connection.executemany("insert into sales values (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return f"sqlite:///{tmp_path}/shop.db"


@pytest.mark.parametrize(
    "settings",
    [
        {"table": "sales", "where": "n > 0 and item not like '%;%' -- returns"},
        {"table": "main.sales", "where": "n > 0"},
        {"query": "select * from sales where item like '%o%' and n > 0 or item = 'tea:green';"},
        {"query": "select * from sales", "where": '"order" in (select "order" from sales where n > 1)'},
    ],
)
def test_a_table_or_a_query_is_read(settings, shop):
    found = TableDataset(database=shop, columns=COLUMNS, **settings).load()
    assert found.order_id.tolist() == [1, 1]
    assert found.item_id.tolist() == ["50% cocoa", "tea:green"]
    assert found.quantity.tolist() == [2, 1.5]
    assert found.timestamp.tolist() == [1420156800] * 2


def test_errors_name_the_row(shop):
    with pytest.raises(
        DataFormatError, match=r"shop\.db, table sales, row 3, column 'n': 1 values, such as '-1'"
    ):
        TableDataset(database=shop, table="sales", columns=COLUMNS).load()


@pytest.mark.parametrize(
    "sql",
    [
        "1 = 1; drop table sales",
        "1 = 1) union select 1 from (select 1",
        "n > (1",
        "item = 'tea",
        "item = $$'$$",
        r"item = E'\'' or 1 = 1",
    ],
)
@pytest.mark.parametrize("key", ["where", "query"])
def test_sql_cannot_end_what_is_around_it(key, sql, shop):
    settings = (
        {"where": sql, "table": "sales"} if key == "where" else {"query": f"select * from sales where {sql}"}
    )
    with pytest.raises(ParameterError, match=f"^{key} must be one"):
        TableDataset(database=shop, columns=COLUMNS, **settings)


@pytest.mark.parametrize("query", ["delete from sales", "attach 'x.db' as x", "select load_extension('x')"])
def test_a_query_writes_and_loads_nothing(query, shop, tmp_path):
    with pytest.raises(DataError, match=r"dataset\.query: sqlite:///.*cannot be read"):
        TableDataset(database=shop, query=query, columns=COLUMNS).load()
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        assert connection.execute("select count(*) from sales").fetchone() == (3,)
    with closing(DatabaseSource(shop, "sales")._engine().raw_connection()) as connection:
        cursor = connection.cursor()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            cursor.execute("delete from sales")


def test_what_is_not_there_is_named(shop, tmp_path):
    with pytest.raises(DataError, match=r"dataset\.table: .*no such table: orders"):
        TableDataset(database=shop, table="orders", columns=COLUMNS).load()
    with pytest.raises(DataNotFoundError, match=r"dataset\.database: there is no file"):
        TableDataset(database=f"{tmp_path}/other.db", table="sales", columns=COLUMNS).load()
    assert not (tmp_path / "other.db").exists()


def test_a_new_row_changes_the_fingerprint(shop, tmp_path):
    dataset = TableDataset(database=shop, table="sales", columns=COLUMNS)
    before, digests = dataset.fingerprint(), dataset.content_digests()
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("insert into sales values (3, 'milk', 1, '2015-01-03')")
        connection.commit()
        assert dataset.fingerprint() != before
        assert dataset.content_digests() != digests
    assert dataset.name == "sales"


def test_values_are_text_as_in_a_file():
    given = [
        7,
        7.0,
        7.5,
        Decimal("7.50"),
        datetime.datetime(2015, 1, 2, 3),
        datetime.date(2015, 1, 2),
        "007",
        None,
    ]
    texts = ["7", "7", "7.5", "7.50", "2015-01-02 03:00:00", "2015-01-02", "007", None]
    assert [database._text(value) for value in given] == texts
    with pytest.raises(DataError, match="bytes"):
        database._text(b"x")


def test_postgresql():
    source = DatabaseSource("postgres://reader@host/shop", "shop.Sales", where="n > 0")
    assert source.statement == 'SELECT * FROM "shop"."Sales" WHERE (\nn > 0\n)'
    engine = source._engine()
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")
    assert engine.url.query == {"connect_timeout": "10"}
    assert source.files() == {}
    dataset = TableDataset(database="postgresql://reader@host/shop", table="sales", columns=COLUMNS)
    assert (dataset.fingerprint(), dataset.content_digests()) == ((), None)
    assert database._options("postgresql")["postgresql_readonly"]


@tries("recsys/datasets/table/dataset.py", "For example dataset.path=sales.csv")
@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"database": "mysql://host/shop", "table": "sales"}, "database must be"),
        ({"database": "shop.db"}, "table must be given, or else dataset.query"),
        ({"database": "shop.db", "table": "a", "query": "select 1"}, "table must be given, or else"),
        ({"path": "sales.csv", "table": "a"}, r"table must be null without dataset\.database"),
        (
            {"path": "sales.csv", "database": "shop.db", "table": "a"},
            r"database must be null with dataset\.path",
        ),
        ({}, "path must be given"),
    ],
)
def test_settings_that_do_not_go_together(settings, match):
    with pytest.raises(ParameterError, match=f"^{match}"):
        TableDataset(**settings, columns=COLUMNS)


def test_a_password_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("DATABASE", "postgresql://reader:hunter2@host/shop")
    with pytest.raises(ParameterError, match="without a password") as error:
        build_experiment(
            composed("dataset=table", "dataset.table=a", "dataset.database=postgresql://u:hunter2@host/shop")
        )
    assert "hunter2" not in str(error.value)
    made = build_experiment(
        composed("dataset=table", "dataset.table=a", "dataset.database=${oc.env:DATABASE}")
    )
    assert made.dataset.source.label == "postgresql://reader:***@host/shop, table a"


def test_a_server_of_postgresql_is_read_and_not_written(postgresql):
    address = postgresql("table_of_a_shop")
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        columns = '"order" integer, item text, n numeric(8, 2), day timestamp with time zone'
        connection.execute(sa.text(f"create table sales ({columns})"))
        rows = "(1, '50% cocoa', 2, '2015-01-02 10:00+02'), (1, 'tea', 1.5, '2015-01-02 10:00+02')"
        connection.execute(
            sa.text(f"insert into sales values {rows}, (2, 'milk', -1, '2015-01-03 10:00+02')")
        )
    for settings in ({"table": "public.sales"}, {"query": "select * from sales;"}):
        found = TableDataset(database=address, columns=COLUMNS, where="n > 0", **settings).load()
        assert (found.item_id.tolist(), found.quantity.tolist()) == (["50% cocoa", "tea"], [2, 1.5])
        assert found.timestamp.tolist() == [1420185600] * 2
    for query in ("delete from sales", "with gone as (delete from sales returning *) select * from gone"):
        with pytest.raises(DataError, match=r"dataset\.query: .*cannot be read"):
            TableDataset(database=address, columns=COLUMNS, query=query).load()
    with engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from sales")).scalar() == 3
    engine.dispose()
