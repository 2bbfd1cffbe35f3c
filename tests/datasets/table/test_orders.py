"""What an order is, items that stand in it twice, and lines without an id."""

import json
import logging
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys.datasets import TableDataset
from recsys.errors import DataFormatError, ParameterError
from tests.datasets.table.tables import cures
from tests.integration.cures import tries

DAY = 86_400


def dataset(path, text=None, **settings):
    if text is not None:
        path = path / "sales.csv"
        path.write_text(text.replace(" ", "\n") + "\n")
    return TableDataset(str(path), **settings)


def columns(**names):
    return {"item_id": "item", **names}


def test_the_same_item_twice_in_an_order_counts_once(tmp_path):
    text = "o,item,n,price,day 2,tea,1,3,1970-01-03 1,tea,1,2,1970-01-02 1,milk,1,1,1970-01-02 "
    text += "1,tea,3,4,1970-01-01"
    names = columns(order_id="o", quantity="n", price="price", timestamp="day")
    found = dataset(tmp_path, text, columns=names).load()
    assert found.order_id.tolist() == [1, 1, 2]
    assert found.item_id.tolist() == ["milk", "tea", "tea"]
    assert found.quantity.tolist() == [1, 4, 1]
    assert found.price.tolist() == [1, 3.5, 3]
    assert (found.timestamp / DAY).tolist() == [1, 0, 2]
    without = dataset(tmp_path / "sales.csv", columns=columns(order_id="o", price="price")).load()
    assert without.price.tolist() == [1, 3, 3]


def test_the_order_of_the_lines_changes_nothing(tmp_path):
    rows = [
        f"{order % 7},{order},i{item % 5},{order}" for order in range(1, 20) for item in range(order % 4 + 3)
    ]
    names = columns(user_id="u", order_id="o", timestamp="t")
    one, other = (
        dataset(tmp_path, "\n".join(["u,o,item,t", *some]), columns=names).load()
        for some in (rows, np.random.default_rng(0).permutation(rows).tolist())
    )
    assert one.digest == other.digest
    assert one.has_customers


def test_several_columns_tell_orders_apart_in_the_order_of_time(tmp_path):
    text = "m,d,item a,03-13-1970,tea b,01-01-1970,tea a,02-01-1970,milk a,03-13-1970,milk"
    names = columns(user_id="m", order_id=["m", "d"], timestamp="d")
    found = dataset(tmp_path, text, columns=names).load()
    assert list(zip(found.user_id.tolist(), found.order_id.tolist(), strict=True)) == [
        ("a", 2), ("a", 3), ("a", 3), ("b", 1),
    ]  # fmt: skip
    alone = dataset(tmp_path / "sales.csv", columns=columns(order_id=["m", "d"])).load()
    assert alone.user_id.tolist() == alone.order_id.tolist() == [1, 2, 2, 3]


@tries("recsys/datasets/table/order_checks.py", "has two customers")
def test_customers_who_number_their_orders_each_on_their_own(tmp_path):
    text = "u,o,item 7,1,tea 7,10,milk 7,9,tea 8,1,tea"
    with pytest.raises(DataFormatError, match=r"the order '1' has two customers, '7' and '8'") as error:
        dataset(tmp_path, text, columns=columns(user_id="u", order_id="o")).load()
    (cured,) = cures(error.value, columns=columns(user_id="u", order_id="o"))
    found = dataset(tmp_path / "sales.csv", **cured).load()
    assert found.positives().order.tolist() == [0, 1, 2, 3]
    assert found.item_id.tolist() == ["tea", "tea", "milk", "tea"]


@tries("recsys/datasets/table/order_checks.py", "has lines of the customer", "dataset.query")
@pytest.mark.parametrize("user", ["7", "ann"])
def test_orders_of_which_some_lines_lack_the_customer(user, tmp_path):
    text = f"the_user,o,item {user},1,tea ,1,milk ,2,tea"
    settings = {"columns": columns(user_id="the_user", order_id="o"), "missing": "guest"}
    match = f"the order '1' has lines of the customer '{user}', and lines without a customer"
    with pytest.raises(DataFormatError, match=match) as error:
        dataset(tmp_path, text, **settings).load()
    filled, dropped = (
        dataset(tmp_path / "sales.csv", **cured).load() for cured in cures(error.value, **settings)
    )
    one, guest = ("ann", "guest:2") if user == "ann" else (7, 8)
    assert sorted(zip(filled.order_id.tolist(), filled.user_id.tolist(), strict=True)) == [
        (1, one), (1, one), (2, guest),
    ]  # fmt: skip
    assert dropped.item_id.tolist() == ["tea"]


def test_guests_where_customers_number_their_orders(tmp_path):
    names = columns(user_id="u", order_id=["u", "o"])
    text = "u,o,item ,1,tea ann,1,milk bob,2,tea ,2,milk"
    found = dataset(tmp_path, text, columns=names, missing="guest").load()
    assert found.user_id.tolist() == ["ann", "bob", "guest:1", "guest:2"]
    assert found.item_id.tolist() == ["milk", "tea", "tea", "milk"]


@tries(
    "recsys/datasets/table/order_checks.py",
    "order_day",
    "[*ids, columns.timestamp]",
)
@pytest.mark.parametrize("clock", ["", " 10:00:00"])
def test_orders_that_are_numbered_anew_each_day(clock, tmp_path, caplog):
    lines = [f"{order},i{day},1970-01-0{day}{clock}\n" for order, day in ((1, 1), (1, 5), (2, 2), (2, 3))]
    (tmp_path / "sales.csv").write_text("o,item,t\n" + "".join(lines))
    settings = {"columns": columns(order_id="o", timestamp="t")}
    assert dataset(tmp_path / "sales.csv", **settings).load().n_users == 2
    message = caplog.records[-1].getMessage()
    assert "1 orders have lines of several days, such as '1', over 4 days" in message
    (cured,) = cures(message, **settings)
    caplog.clear()
    assert dataset(tmp_path / "sales.csv", **cured).load().n_users == 4
    assert not caplog.records


def test_orders_of_customers_need_a_time_or_numbers(tmp_path):
    text = "u,o,item,t 7,A1,tea,5 7,B1,milk,3"
    with pytest.raises(
        DataFormatError, match=r"column 'o': .* ids as 'A1'.* Set dataset\.columns\.timestamp"
    ):
        dataset(tmp_path, text, columns=columns(user_id="u", order_id="o")).load()
    names = columns(user_id="u", order_id="o", timestamp="t")
    assert dataset(tmp_path / "sales.csv", columns=names).load().positives().order.tolist() == [1, 0]


@tries("recsys/datasets/table/orders.py", "dataset.orders=moment")
def test_orders_by_time(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    names = columns(user_id="u", timestamp="t")
    days = dataset(
        tmp_path, "u,item,t 7,tea,1970-01-02 7,milk,1970-01-02 7,tea,1970-01-03", columns=names
    ).load()
    assert days.order_id.tolist() == [1, 1, 2]
    assert "an order is all of a customer on one day" in caplog.text
    text = "u,item,t 7,tea,1970-01-02T10:00 7,milk,1970-01-02T11:00 7,tea,1970-01-03T10:00"
    with pytest.raises(DataFormatError, match="an order may be all of one moment, or of one day") as error:
        dataset(tmp_path, text, columns=names).load()
    made = [
        dataset(tmp_path / "sales.csv", **cured).load() for cured in cures(error.value, columns=names)[:3]
    ]
    orders = [None if one.order_id is None else one.order_id.tolist() for one in made]
    assert orders == [[122400, 126000, 208800], [1, 1, 2], None] or orders[2] is None
    rated = dataset(tmp_path, "u,item,t,r 7,tea,5,4.5 7,milk,9,3", columns={**names, "rating": "r"}).load()
    assert rated.order_id is None
    assert rated.rating.tolist() == [3, 4.5]


@tries("recsys/datasets/table/orders.py", "or no seconds")
@pytest.mark.parametrize("orders", [None, "day"])
def test_small_integers_are_no_days(orders, tmp_path):
    names = columns(user_id="u", timestamp="t")
    text = "u,item,t 7,tea,45292 7,milk,45292 7,tea,45293"  # days as Excel counts them
    with pytest.raises(DataFormatError, match="times such as 45293, which are seconds of a day") as error:
        dataset(tmp_path, text, columns=names, orders=orders).load()
    moment, none = cures(error.value, columns=names)[:2]
    assert dataset(tmp_path / "sales.csv", **moment).load().order_id.tolist() == [45292, 45292, 45293]
    assert dataset(tmp_path / "sales.csv", **none).load().order_id is None


@tries("recsys/datasets/table/reading.py", "dataset.missing=drop", "dataset.missing=drop: %s rows")
@pytest.mark.parametrize("missing", ["", " NULL"])
def test_lines_without_a_customer(missing, tmp_path, caplog):
    path = tmp_path / "sales.csv"
    path.write_text(f"u,o,item\n7,1,tea\n{missing},2,milk\n{missing},2,tea\n9,3,tea\n")
    settings = {"columns": columns(user_id="u", order_id="o")}
    match = r"2 rows without a value in 'u' \(.*sales\.csv, line 3; .*sales\.csv, line 4\)"
    with pytest.raises(DataFormatError, match=match) as error:
        dataset(path, **settings).load()
    drop, guest = (dataset(path, **cured).load() for cured in cures(error.value, **settings))
    assert "dataset.missing=drop: 2 rows are left out: 2 rows without a value in 'u'" in caplog.text
    assert drop.user_id.tolist() == [7, 9]
    assert guest.user_id.tolist() == [7, 9, 10, 10]
    assert guest.order_id.tolist() == [1, 3, 2, 2]


@tries("recsys/datasets/table/orders.py", "of %s have no customer", "rows without a customer")
def test_guests_among_customers_with_names(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    text = "u,o,item ann,1,tea ,2,milk"
    found = dataset(tmp_path, text, columns=columns(user_id="u", order_id="o"), missing="guest")
    assert found.load().user_id.tolist() == ["ann", "guest:2"]
    assert "dataset.missing=guest: 1 orders of" in caplog.text
    settings = {"columns": columns(user_id="u"), "missing": "guest"}
    with pytest.raises(DataFormatError, match="has no orders, and rows without a customer") as error:
        dataset(tmp_path / "sales.csv", **settings).load()
    (cured,) = cures(error.value, **settings)
    assert dataset(tmp_path / "sales.csv", **cured).load().user_id.tolist() == ["ann"]


def test_empty_lines_at_the_end_are_left_out(tmp_path):
    text = "o,item,n 1,tea,2 ,, ,,"
    match = r"2 rows without a value in 'o' .* and 2 rows without a value in 'item'"
    with pytest.raises(DataFormatError, match=match):
        dataset(tmp_path, text, columns=columns(order_id="o", quantity="n")).load()
    with pytest.raises(
        DataFormatError, match=r"has the columns 'o', 'item', 'n', and none that tells orders"
    ):
        dataset(tmp_path / "sales.csv", columns=columns()).load()
    settings = {"columns": columns(order_id="o", quantity="n"), "missing": "drop"}
    assert dataset(tmp_path / "sales.csv", **settings).load().quantity.tolist() == [2]


@tries("recsys/datasets/table/reading.py", "to leave them out")
@pytest.mark.parametrize(("role", "value"), [("quantity", "0"), ("price", "-0.5")])
def test_returns_are_refused(role, value, tmp_path):
    settings = {"columns": columns(order_id="o", **{role: "the n"})}
    (tmp_path / "sales.csv").write_text(f"o,item,the n\n1,tea,2\n1,milk,{value}\n")
    with pytest.raises(
        DataFormatError, match=rf"line 3, column 'the n': 1 values, such as '{value}'"
    ) as error:
        dataset(tmp_path / "sales.csv", **settings).load()
    (cured,) = cures(error.value, **settings)
    assert dataset(tmp_path / "sales.csv", **cured).load().item_id.tolist() == ["tea"]


def test_prices_that_are_all_0_are_said(tmp_path, caplog):
    names = columns(order_id="o", price="p")
    assert dataset(tmp_path, "o,item,p 1,tea,0 1,milk,0.00", columns=names).load().price.tolist() == [0, 0]
    assert "column 'p': all values of this price are 0" in caplog.text
    caplog.clear()
    assert dataset(tmp_path, "o,item,p 1,tea,0 1,milk,1", columns=names).load().price.tolist() == [1, 0]
    assert not caplog.records


def test_parquet_and_json(tmp_path):
    rows = {
        "u": [17850.0, math.nan, 7.0], "o": [1, 2, 3], "item": ["007", "tea", "8"],
        "t": np.array(["1970-01-02", "1970-01-03", "1970-01-04"], dtype="datetime64[ms]"),
    }  # fmt: skip
    pq.write_table(pa.table(rows), tmp_path / "sales.parquet")
    names = columns(user_id="u", order_id="o", timestamp="t")
    found = dataset(tmp_path / "sales.parquet", columns=names, missing="drop").load()
    assert found.user_id.tolist() == [7, 17850]
    assert found.item_id.tolist() == ["8", "007"]
    assert (found.timestamp / DAY).tolist() == [3, 1]
    with pytest.raises(DataFormatError, match=r"sales\.parquet, row 2"):
        dataset(tmp_path / "sales.parquet", columns=names).load()
    mixed = [{"o": 1, "item": "007", "t": "1970-01-02"}, {"o": 2, "item": 8, "t": "1970-01-03"}]
    (tmp_path / "sales.jsonl").write_text("\n".join(map(json.dumps, mixed)))
    (tmp_path / "sales.json").write_text(json.dumps(mixed))
    for name in ("sales.json", "sales.jsonl"):
        found = dataset(tmp_path / name, columns=columns(order_id="o", timestamp="t")).load()
        assert found.item_id.tolist() == ["007", "8"]
        assert (found.timestamp / DAY).tolist() == [1, 2]


def test_ids_of_parquet_that_are_fractions_or_lists_are_refused(tmp_path):
    pq.write_table(pa.table({"o": [1, 2], "item": [[1], [2]]}), tmp_path / "sales.parquet")
    with pytest.raises(DataFormatError, match=r"column 'item': the values are of type BIGINT\[\]"):
        dataset(tmp_path / "sales.parquet", columns=columns(order_id="o")).load()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"columns": {"order_id": "o", "item_id": None}}, r"columns\.item_id must be"),
        ({"columns": {"order": "o"}}, r"columns\.order must be left out"),
        ({"columns": {"order_id": ["o", "o"]}}, r"columns\.order_id must be the name of a column, or a list"),
        ({"orders": "day", "columns": {"order_id": "o"}}, r"orders must be null"),
        ({"missing": "skip"}, "missing must be one of error, drop, guest"),
        ({"timestamp_format": "day first"}, "timestamp_format must be a format of strptime"),
        ({"timestamp_format": "%Q"}, "timestamp_format must be a format of strptime"),
        ({"separator": ",,"}, "separator must be one character"),
        ({"decimal": ","}, "decimal must be one of point, comma"),
        ({"encoding": "klingon"}, "encoding must be"),
        ({"files": {"a b": "x.csv"}, "path": None}, "files must be paths by names"),
        ({"files": {"a": "x.csv"}, "path": None}, "query must be one SELECT over the tables a"),
    ],
)
def test_settings_are_checked(settings, match):
    with pytest.raises(ParameterError, match=rf"^{match}"):
        TableDataset(**{"path": "sales.csv", "columns": {"order_id": "o"}} | settings)
