"""SQL over files reads these files and nothing else."""

import logging

import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataError, DataFormatError, ParameterError
from tests.datasets.table.tables import cures, read
from tests.integration.cures import tries

COLUMNS = {"order_id": "order_id", "item_id": "item"}
SALES = "order_id,item,n,day,customer\n1,tea,2,2015-01-02,7\nC2,tea,-1,2015-02-01,\n3,milk,10,2015-03-01,8\n"


@pytest.fixture
def sales(tmp_path):
    (tmp_path / "sales.csv").write_text(SALES)
    return tmp_path / "sales.csv"


@pytest.mark.parametrize(
    ("where", "orders"),
    [
        ("n > 0 and order_id not like 'C%'", [1, 3]),
        ("day >= '2015-02-01' -- comment", ["3", "C2"]),
        ("customer is null", ["C2"]),
        ("\"Item\" = 'tea' or n in (select max(n) from data)", ["1", "3", "C2"]),
    ],
)
def test_where_sees_numbers_and_times_as_such_and_ids_stay_text(where, orders, sales, caplog):
    caplog.set_level(logging.INFO)
    if "select" in where:
        with pytest.raises(DataError, match=r"dataset\.where: .*data does not exist"):
            read(sales, columns=COLUMNS, where=where)
        return
    assert sorted(read(sales, columns=COLUMNS, where=where)) == orders
    assert f"dataset.where keeps {len(orders)} of 3 rows" in caplog.text


def test_where_of_dates_follows_the_format_given(tmp_path):
    (tmp_path / "sales.csv").write_text("order_id,item,day\n1,tea,02-01-2015\n2,tea,01-02-2015\n")
    settings = {"columns": {**COLUMNS, "timestamp": "day"}, "where": "day > '2015-01-15'"}
    assert read(tmp_path / "sales.csv", timestamp_format="%d-%m-%Y", **settings) == {2: {"tea"}}
    assert read(tmp_path / "sales.csv", timestamp_format="%m-%d-%Y", **settings) == {1: {"tea"}}
    with pytest.raises(DataFormatError, match="and no value decides"):
        read(tmp_path / "sales.csv", **settings)


@pytest.mark.parametrize(
    "where",
    ["1 = 1; drop table data", "1 = 1) union select 1 from (select 1", "n > 0 group by n", "n >", "1, 2", ""],
)
def test_where_is_one_condition(where, sales):
    with pytest.raises(ParameterError, match=r"^where must be"):
        TableDataset(str(sales), columns=COLUMNS, where=where)


@tries("recsys/datasets/table/reading.py", "has no rows for which dataset.where=")
def test_where_without_a_row_that_meets_it(sales):
    with pytest.raises(DataFormatError, match=r"has no rows for which dataset\.where=n > 10 holds") as error:
        read(sales, columns=COLUMNS, where="n > 10")
    cured = cures(error.value, columns=COLUMNS)[-1]
    assert len(read(sales, **cured)) == 3


def test_where_of_numbers_beside_other_values(tmp_path):
    (tmp_path / "sales.csv").write_text("order_id,item,price\n1,tea,9\n2,milk,10\n3,milk,N/A\n")
    with pytest.raises(DataError, match=r"try_cast\(price as double\)"):
        read(tmp_path / "sales.csv", columns=COLUMNS, where="price > 9")
    where = "try_cast(price as double) > 9"
    assert read(tmp_path / "sales.csv", columns=COLUMNS, where=where) == {2: {"milk"}}


def test_a_query_joins_the_named_files(tmp_path):
    (tmp_path / "lines.csv").write_text("order_id,product_id,n\n1,007,2\n1,8,1\n2,8,x\n")
    (tmp_path / "products.csv").write_text("product_id;name\n007;tea\n8;milk\n")
    files = {name: str(tmp_path / f"{name}.csv") for name in ("lines", "products")}
    query = "select l.order_id, p.name as item from lines l join products p using (product_id)"
    found = TableDataset(files=files, query=query, columns=COLUMNS)
    assert hash(found) == hash(TableDataset(files=files, query=query, columns=COLUMNS))
    assert found.name == "lines"
    assert found.content_digests().keys() == {"lines", "products"}
    interactions = found.load()
    assert interactions.order_id.tolist() == [1, 1, 2]
    assert interactions.item_id.tolist() == ["milk", "tea", "milk"]


def test_the_table_of_a_path_is_called_data(sales):
    query = "select order_id, item, sum(n) as n from data where n > 0 group by all order by 1"
    found = TableDataset(str(sales), query=query, columns={**COLUMNS, "quantity": "n"}, where="n < 5").load()
    assert (found.order_id.tolist(), found.quantity.tolist()) == ([1], [2])


@pytest.mark.parametrize(
    "query",
    [
        "select * from data; select 1",
        "copy data to 'x.csv'",
        "copy (select 1) to '{path}'",
        "attach 'x.db'",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '1TB'",
        "pragma database_list",
        "create table x as select 1",
        "export database 'x'",
        "explain analyze select 1",
        "select",
        "",
    ],
)
def test_a_query_is_one_select(query, sales):
    with pytest.raises(ParameterError, match=r"^query must be"):
        TableDataset(str(sales), columns=COLUMNS, query=query.format(path=sales))
    assert sales.read_text() == SALES


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('/etc/passwd')",
        "read_text('{other}')",
        "'{other}'",
        "glob('{folder}/*')",
        "read_csv('https://example.org/sales.csv')",
        "'s3://bucket/sales.parquet'",
        "sqlite_scan('{other}', 'sales')",
        "duckdb_secrets()",
        "query('copy data to ''{folder}/stolen.csv''')",
        "parquet_metadata('{other}')",
    ],
)
def test_a_query_reads_nothing_else(source, sales, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("order_id,item\n9,hidden\n")
    query = f"select 1 as order_id, * from {source.format(other=other, folder=tmp_path)}"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"dataset\.query: ") as error:
        read(sales, columns={"order_id": "order_id", "item_id": "order_id"}, query=query)
    assert "hidden" not in str(error.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_variable_of_python_is_no_table(sales):
    stolen = {"order_id": [1], "item": ["x"]}
    with pytest.raises(DataError, match="stolen does not exist"):
        read(sales, columns=COLUMNS, query="select * from stolen")
    assert stolen
