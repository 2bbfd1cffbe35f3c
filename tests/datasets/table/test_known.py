"""Configs of well-known data sets, each on a small file of its form."""

import pytest
from hydra import compose, initialize_config_dir

from recsys.composition import build
from recsys.errors import DataNotFoundError
from recsys.runs.trusted import CONF
from tests.integration.cures import tries


def load(choice, path=None, *overrides):
    given = [] if path is None else [f'dataset.path="{path}"']
    with initialize_config_dir(str(CONF), version_base=None):
        return build(compose(overrides=[f"+dataset={choice}", *given, *overrides]), "dataset").load()


def rows(found):
    orders = found.user_id.tolist(), found.order_id.tolist(), found.titles(found.item_id)
    return list(zip(*orders, strict=True))


def test_groceries(tmp_path):
    (tmp_path / "groceries.csv").write_text("citrus_fruit,margarine\nwhole_milk\nmargarine,whole_milk\n")
    assert rows(load("groceries", tmp_path / "groceries.csv")) == [
        (1, 1, "citrus_fruit"),
        (1, 1, "margarine"),
        (2, 2, "whole_milk"),
        (3, 3, "margarine"),
        (3, 3, "whole_milk"),
    ]


def test_groceries_dataset(tmp_path):
    lines = ["1808,05-02-2015,tropical fruit", "2552,05-01-2015,whole milk", "1808,03-03-2015,whole milk"]
    text = "\n".join(["Member_number,Date,itemDescription", *lines, "1808,05-02-2015,whole milk\n"])
    (tmp_path / "a.csv").write_text(text)
    found = load("groceries_dataset", tmp_path / "a.csv")
    assert found.user_id.tolist() == [1808, 1808, 1808, 2552]
    assert found.timestamp.tolist() == [1423094400, 1423094400, 1425340800, 1420416000]
    assert len(set(zip(found.user_id.tolist(), found.order_id.tolist(), strict=True))) == 3


RETAIL = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,LANTERN £,6,12/1/2010 8:26,3.39,17850,United Kingdom
536370,71053,LANTERN £,1,12/13/2010 8:45,3.39,,France
536370,22139,,2,12/13/2010 8:45,0,,France
C536379,D,Discount,-1,12/14/2010 9:41,27.5,14527,United Kingdom
A563185,B,Adjust bad debt,1,12/14/2010 9:41,-11062.06,,United Kingdom
"""


def test_online_retail(tmp_path):
    (tmp_path / "data.csv").write_text(RETAIL, encoding="cp1252")
    found = load("online_retail", tmp_path / "data.csv")
    guest = found.user_id[2]
    assert guest != 17850
    assert rows(found) == [
        (17850, 536365, "LANTERN £"),
        (17850, 536365, "HEART"),
        (guest, 536370, "22139"),
        (guest, 536370, "LANTERN £"),
    ]
    assert found.price.tolist() == [3.39, 2.55, 0, 3.39]
    assert found.quantity.tolist() == [6, 6, 2, 1]
    assert found.timestamp[0] == 1291191960


RETAIL_II = """\
Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
489434,85048,GLASS BALL,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom
489435,22350,CAT BOWL,12,2009-12-01 07:46:00,2.55,,United Kingdom
C489449,22087,PAPER BUNTING,-12,2009-12-01 10:33:00,2.95,16321.0,Australia
"""


def test_online_retail_ii(tmp_path):
    (tmp_path / "II.csv").write_text(RETAIL_II)
    found = load(
        "online_retail",
        tmp_path / "II.csv",
        "dataset.columns={order_id: Invoice, price: Price, user_id: Customer ID}",
        'dataset.where="Quantity > 0 and Price >= 0"',
    )
    assert sorted(row[1:] for row in rows(found)) == [(489434, "GLASS BALL"), (489435, "CAT BOWL")]


INSTACART = {
    "orders.csv": "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,"
    "days_since_prior_order\n"
    "30,1,prior,1,2,08,\n10,1,prior,2,3,07,15.0\n20,1,train,3,4,08,14.0\n40,2,prior,1,2,11,\n50,2,test,2,5,10,9.0\n",
    "order_products__prior.csv": "order_id,product_id,add_to_cart_order,reordered\n"
    "30,196,1,0\n30,14084,2,0\n10,196,1,1\n40,32792,1,0\n",
    "order_products__train.csv": "order_id,product_id,add_to_cart_order,reordered\n20,196,1,1\n",
    "products.csv": "product_id,product_name,aisle_id,department_id\n"
    '196,Soda,77,7\n14084,"Almond Milk, 7""",91,16\n32792,Realstick,23,19\n1,Unsold,23,19\n',
    "aisles.csv": "aisle_id,aisle\n77,soft drinks\n91,soy lactosefree\n23,popcorn jerky\n",
    "departments.csv": "department_id,department\n7,beverages\n16,dairy eggs\n19,snacks\n",
}


def test_instacart(tmp_path):
    for name, text in INSTACART.items():
        (tmp_path / name).write_text(text)
    found = load("instacart", tmp_path)
    titles = [(1, "Soda"), (1, 'Almond Milk, 7"'), (1, "Soda"), (1, "Soda"), (2, "Realstick")]
    assert [(user, title) for user, _, title in rows(found)] == titles
    assert found.positives().order.tolist() == [0, 0, 1, 2, 3]
    assert found.items.levels == ("department", "aisle")
    assert found.items.categories_of([196]) == [("beverages", "soft drinks")]


@pytest.mark.parametrize(
    "text",
    [
        "TransactionNo,Items,DateTime,Daypart,DayType\n"
        "1,Bread,2016-10-30 09:58:00,Morning,Weekend\n2,Jam,2016-10-30 10:05:00,Morning,Weekend\n"
        "2,Jam,2016-10-30 10:05:00,Morning,Weekend\n2,Tea,2016-10-30 10:05:00,Morning,Weekend\n",
        "Transaction,Item,date_time,period_day,weekday_weekend\n"
        "1,Bread,30-10-2016 09:58,morning,weekend\n2,Jam,30-10-2016 10:05,morning,weekend\n"
        "2,NONE,30-10-2016 10:05,morning,weekend\n2,Tea,30-10-2016 10:05,morning,weekend\n",
    ],
    ids=["TransactionNo", "date_time"],
)
def test_bakery(tmp_path, text):
    (tmp_path / "bread basket.csv").write_text(text)
    found = load("bakery", tmp_path / "bread basket.csv")
    assert rows(found) == [(1, 1, "Bread"), (2, 2, "Jam"), (2, 2, "Tea")]
    assert found.timestamp.tolist() == [1477821480, 1477821900, 1477821900]


def test_ta_feng_in_the_folder_of_data(tmp_path, monkeypatch):
    (tmp_path / "ta-feng").mkdir()
    (tmp_path / "ta-feng" / "orders.csv").write_text(
        "customer_id,order_number,item_id\n1,1,0\n1,2,3\n2,1,0\n"
    )
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    found = load("ta_feng")
    assert found.user_id.tolist() == [1, 1, 2]
    assert found.positives().order.tolist() == [0, 1, 2]


@tries("recsys/datasets/table/location.py", "$RECSYS_DATA_DIR")
def test_files_that_are_not_there(tmp_path, monkeypatch):
    (tmp_path / "groceries.csv").write_text("tea,milk\nmilk\n")
    monkeypatch.delenv("RECSYS_DATA_DIR", raising=False)
    with pytest.raises(DataNotFoundError, match=r"dataset\.path to the file, for example dataset\.path=groc"):
        load("groceries")
    assert len(load("groceries", tmp_path / "groceries.csv")) == 3
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=f"{tmp_path}/instacart .* is not there. Set dataset.path"):
        load("instacart")
