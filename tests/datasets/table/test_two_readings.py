"""What can be read in two ways is refused with both readings, and the advised settings choose one."""

import re

import pytest

from recsys.datasets import TableDataset
from recsys.datasets.table.connection import locked_connection
from recsys.datasets.table.ids import distinct_ids
from recsys.datasets.table.numbers import find_decimal, number_sql
from recsys.datasets.table.times import find_form
from recsys.errors import DataFormatError
from tests.datasets.table.tables import cures, read
from tests.integration.cures import tries

COLUMNS = {"order_id": "order", "item_id": "item"}


def load(path, **settings):
    return TableDataset(str(path), **{"columns": COLUMNS} | settings).load()


def refused(path, match, **settings):
    """Return the advised settings, each tried."""
    with pytest.raises(DataFormatError, match=match) as error:
        load(path, **settings)
    return [load(path, **changed) for changed in cures(error.value, **{"columns": COLUMNS} | settings)]


def table(folder, *values, name="time"):
    rows = "".join(f"{order};tea;{value}\n" for order, value in enumerate(values, start=1))
    (folder / "sales.csv").write_text(f"order;item;{name}\n{rows}")
    return folder / "sales.csv"


@pytest.fixture(scope="module")
def connection():
    with locked_connection([], "") as connection:
        yield connection


def column(connection, values):
    return connection.sql("SELECT unnest(?) AS x", params=[values])


DAY = 86_400
TIMES = {"columns": {**COLUMNS, "timestamp": "time"}}


@tries("recsys/datasets/table/times.py", "dataset.timestamp_format")
def test_day_or_month_first(tmp_path):
    path = table(tmp_path, "02-01-1970", "03-01-1970")
    match = r"'02-01-1970' may be 2 January 1970 \(%d-%m-%Y\) or 1 February 1970 \(%m-%d-%Y\)"
    day, month = refused(path, match, **TIMES)
    assert (day.timestamp / DAY).tolist() == [1, 2]
    assert (month.timestamp / DAY).tolist() == [31, 59]


@pytest.mark.parametrize(
    ("values", "days"),
    [
        (["02-01-1970", "13-01-1970"], [1, 12]),
        (["02-01-1970", "01-13-1970"], [31, 12]),
        (["2/1/1970 0:00", "13/1/1970 12:00:00"], [1, 12.5]),
        (["1/2/1970 12:00 AM", "1/13/1970 12:00 PM"], [1, 12.5]),
        (["02.02.1970"], [32]),
        (["13.01.70", "14.01.70"], [12, 13]),
        (["1970-01-02", "1970-01-03 12:00"], [1, 2.5]),
        (["1970-01-02T00:00:00Z", "1970-01-02T01:00:00+01:00"], [1, 1]),
        (["3 Jan 1970", "2 Jan 1970"], [2, 1]),
        (["86400", "172800"], [1, 2]),
        (["1000000000000"], [1e9 / DAY]),
        (["19700102000000", "19700103120000"], [1, 2.5]),
    ],
)
def test_times_of_one_form(values, days, connection):
    data = column(connection, values)
    seconds = data.project(find_form(data, "x", "sales.csv").seconds("x")).fetchall()
    assert [second / DAY for (second,) in seconds] == pytest.approx(days)


def test_days_of_eight_digits_or_seconds(tmp_path):
    path = table(tmp_path, "19700102", "19700103")
    seconds, days = refused(path, r"'19700102' may be 17 August 1970 \(seconds\) or 2 January 1970", **TIMES)
    assert seconds.timestamp.tolist() == [19700102, 19700103]
    assert (days.timestamp / DAY).tolist() == [1, 2]


def test_two_digits_of_a_year(tmp_path):
    assert (
        len(refused(table(tmp_path, "01-02-03"), "1 February 2003.*2 January 2003.*3 February 2001", **TIMES))
        == 3
    )


def test_times_that_contradict_each_other_are_refused_with_the_line(tmp_path):
    path = table(tmp_path, "25-01-1970", "26-01-1970", "01-27-1970")
    match = r"line 4, column 'time': the value '01-27-1970' is not written as %d-%m-%Y, as '25-01-1970'"
    with pytest.raises(DataFormatError, match=match):
        load(path, **TIMES)


@tries("recsys/datasets/table/text_scan.py", "is no UTF-8 text, but others are")
@pytest.mark.parametrize("layout", ["long", "lines"])
def test_lines_of_two_encodings(layout, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_bytes(b"1,tea\n2,caf\xc3\xa9\n2,tea\n3,cr\xe8me\n3,CAF\xc9\xbb\n")
    settings = {"layout": layout, "header": False} | ({"line_ids": False} if layout == "lines" else {})
    names = {} if layout == "lines" else {"order_id": "column1", "item_id": "column2"}
    match = r"line 4 is no UTF-8 text, but others are, such as line 2 \('2,café'\).* reads '2,cafÃ©'"
    with pytest.raises(DataFormatError, match=match) as error:
        load(path, columns=names, **settings)
    (cured,) = cures(error.value, columns=names, **settings)
    assert {"cafÃ©", "crème", "CAFÉ»"} <= set(load(path, **cured).item_id.tolist())
    path.write_bytes(b"1,cr\xe8me\n3,CAF\xc9\xbb\n")  # The last two bytes may be a letter of UTF-8.
    assert {"crème", "CAFÉ»"} <= set(load(path, columns=names, **settings).item_id.tolist())


@pytest.mark.parametrize(
    ("role", "value", "setting"),
    [("timestamp", "2024-01-05", {"timestamp_format": "%d-%m-%Y"}), ("price", "1.5", {"decimal": "comma"})],
)
def test_a_form_that_no_value_has(role, value, setting, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(f"o;i;x\n1;tea;{value}\n")
    settings = {"columns": {"order_id": "o", "item_id": "i", role: "x"}, **setting}
    with pytest.raises(
        DataFormatError, match=f"the value '{value}' is not written as .*, and no other"
    ) as error:
        load(path, **settings)
    (cured,) = cures(error.value, **settings)
    assert getattr(load(path, **cured), role).tolist() == [1704412800 if role == "timestamp" else 1.5]


def test_columns_of_one_name(tmp_path, caplog):
    path = tmp_path / "sales.csv"
    path.write_text("o,i,i\n1,tea,x\n")
    assert load(path, columns={"order_id": "o", "item_id": "i"}).item_id.tolist() == ["tea"]
    assert "several columns are called 'i'; the first is read so, and column 3 as 'i_2'" in caplog.text
    assert load(path, columns={"order_id": "o", "item_id": "i_2"}).item_id.tolist() == ["x"]


def test_ids_that_may_be_none(tmp_path, caplog):
    path = tmp_path / "sales.csv"
    path.write_text("o,i\n1,tea\n1,#N/A\n1,None\n2,5.01E+12\n2,7\n")
    settings = {"columns": {"order_id": "o", "item_id": "i"}, "where": "o > 0"}
    assert load(path, **settings).n_items == 5
    assert "column 'i': 1 ids such as '5.01E+12' seem to be numbers that a spreadsheet" in caplog.text
    message = caplog.records[-1].getMessage()
    assert "column 'i': '#N/A', 'None' are read as ids" in message
    (cured,) = cures(message, **settings)
    assert load(path, **cured).item_id.tolist() == ["tea", "5.01E+12", "7"]


@tries("recsys/datasets/table/ids.py", "Set dataset.ids=integer")
def test_ids_that_are_one_number(tmp_path):
    path = table(tmp_path, "7", "007", name="code")
    columns = {"order_id": "order", "item_id": "code"}
    one, two = refused(path, "may be one id, the number 7, or two", columns=columns)
    assert one.item_id.tolist() == [7, 7]
    assert two.item_id.tolist() == ["7", "007"]


@pytest.mark.parametrize("other", ["007", "7.0", "7e0", "70e-1", "0x7", "+7", "7."])
def test_texts_of_one_number(other):
    with pytest.raises(DataFormatError, match=rf"sales: '{re.escape(other)}' and '7' may be one id"):
        distinct_ids(["7", other], None, "sales")
    assert distinct_ids(["7", other], "integer", "sales").tolist() == [7, 7]
    assert distinct_ids(["7", other], "text", "sales").tolist() == ["7", other]


def test_integers_as_pandas_writes_them_beside_missing_values():
    assert distinct_ids(["17850.0", "0.0", "-3.0"], None, "sales").tolist() == [17850, 0, -3]
    assert distinct_ids(["17850.0", "7"], None, "sales").tolist() == ["17850.0", "7"]
    assert distinct_ids(["17850.0", "0.0"], "text", "sales").tolist() == ["17850.0", "0.0"]


def test_other_ids_stay_as_they_are_written(tmp_path):
    for texts in (
        ["007", "8"],
        ["1.5", "2"],
        ["1e3", "16", "0x11"],
        ["9223372036854775808", "1"],
        ["1e999", "1"],
    ):
        assert distinct_ids(texts, None, "sales").tolist() == texts
    columns = {"order_id": "order", "item_id": "code"}
    path = table(tmp_path, " 7", "8 ", "-3", "123456789012345678", name="code")
    assert load(path, columns=columns).item_id.tolist() == [7, 8, -3, 123456789012345678]


PRICE = {"columns": {**COLUMNS, "price": "price"}}


@tries("recsys/datasets/table/numbers.py", "dataset.decimal")
def test_a_comma_before_thousands_or_decimals(tmp_path):
    point, comma = refused(
        table(tmp_path, "1,234", name="price"), r"'1,234' may be 1234 .* or 1\.234", **PRICE
    )
    assert point.price.tolist() == [1234]
    assert comma.price.tolist() == [1.234]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,234", "2,5"], [1.234, 2.5]),
        (["1,234", "2.50"], [1234, 2.5]),
        (["1.234,50", "7"], [1234.5, 7]),
        (["1,234.50", "7"], [1234.5, 7]),
        (["1.234", "7"], [1.234, 7]),
        (["1,234,567"], [1234567]),
    ],
)
def test_numbers_of_one_form(values, numbers, connection):
    data = column(connection, values)
    found = data.project(number_sql("x", find_decimal(data, {"x": "price"}))).fetchall()
    assert [number for (number,) in found] == numbers


@pytest.mark.parametrize("value", ["", "inf", "1,2,3"])
def test_what_is_no_number_is_refused_with_the_line(value, tmp_path):
    with pytest.raises(DataFormatError, match="line 3, column 'price': the value"):
        load(table(tmp_path, "1", value, name="price"), **PRICE)


@tries("recsys/datasets/table/text_format.py", "dataset.separator")
def test_two_separators(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("order,x;item\n1,2;tea\n1,3;milk\n")
    settings = {"columns": {"order_id": "column1", "item_id": "column2"}, "header": False, "skip": 1}
    comma, semicolon = refused(
        path, r"may be separated by ',' \(2 columns\) or ';' \(2 columns\)", **settings
    )
    assert comma.item_id.tolist() == ["2;tea", "3;milk"]
    assert semicolon.item_id.tolist() == ["tea", "milk"]
    path.write_text("order,x;item\n1,2;tea\n1,3;milk\n")
    assert read(path, columns={"order_id": "order", "item_id": "x;item"}) == {1: {"2;tea", "3;milk"}}


@tries("recsys/datasets/table/text_file.py", "dataset.quoted=false")
def test_a_quote_that_never_closes(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text('order,item\n1,"7 inch\n2,tea\n3,"8 inch\n')
    (found,) = refused(
        path, "line 2: the quote before '7 inch' is closed on line 4 only|is never closed|followed"
    )
    assert found.item_id.tolist() == ['"7 inch', "tea", '"8 inch']


@pytest.mark.parametrize("line", ["1", "1,tea,2", '1,"tea"x'])
def test_a_line_with_other_fields_is_refused(line, tmp_path):
    (tmp_path / "sales.csv").write_text(f"order,item\n2,tea\n{line}\n3,tea\n")
    with pytest.raises(DataFormatError, match=r"sales\.csv, line 3"):
        load(tmp_path / "sales.csv")
