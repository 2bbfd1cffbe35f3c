"""Frames as the data of a run: read as `dataset=table` reads a file."""

import pandas as pd
import polars as pl
import pytest

import recsys
from recsys.errors import DataFormatError, OutputError, ParameterError
from recsys.interactive.frames import data_overrides

PAIRS = [(order, item) for order in range(1, 13) for item in ("tea", "cake", "jam") if order % len(item)]
ORDERS = {"order_id": [order for order, _ in PAIRS], "item_id": [item for _, item in PAIRS]}
SETTINGS = ("apriori.min_support=0.2", "evaluation=none", "hydra/callbacks=output_folder")
NAMED = "dataset.columns={order_id: Receipt, item_id: Article}"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def best_rules(run):
    return run.rules.to_frame().to_dict("list")


def test_frames_of_all_kinds_give_the_same_rules(tmp_path):
    titles = {"item_id": ["tea", "cake", "jam"], "title": ["Green tea", "Cake", "Jam"]}
    run = recsys.run(*SETTINGS, data=pd.DataFrame(ORDERS), items=pd.DataFrame(titles))
    assert run.metrics["n_transactions"] == 11
    assert ("Green tea",) in set(run.rules.to_frame()["antecedents"])
    again = recsys.run(*SETTINGS, data=pl.DataFrame(ORDERS).lazy(), items=pl.DataFrame(titles))
    named = pl.DataFrame(ORDERS).rename({"order_id": "Receipt", "item_id": "Article"}).to_arrow()
    other = recsys.run(*SETTINGS, NAMED, data=named, items=pl.DataFrame(titles).to_arrow())
    assert best_rules(run) == best_rules(again) == best_rules(other)
    assert recsys.load(run.folder).recommend(["Jam"]).titles == run.recommend(["Jam"]).titles
    assert run.config.dataset.path.startswith(str(tmp_path / "outputs/data/data-"))


def test_columns_keep_their_roles_beside_those_that_are_named():
    names = {"order_id": "Receipt", "item_id": "Article"}
    data = pd.DataFrame(ORDERS).rename(columns=names).assign(user_id=1, price=2.0)
    dataset = recsys.run(*SETTINGS, NAMED, data=data).config.dataset
    assert (dataset.columns.user_id, dataset.columns.price) == ("user_id", "price")
    assert (dataset.columns.order_id, dataset.columns.item_id) == ("Receipt", "Article")
    left_out = recsys.run(*SETTINGS, NAMED, "dataset.columns.price=null", data=data)
    assert left_out.config.dataset.columns.price is None


def test_a_column_for_each_item():
    hot = pd.crosstab(ORDERS["order_id"], ORDERS["item_id"]).astype(bool).reset_index(drop=True)
    run = recsys.run(*SETTINGS, "dataset.layout=one_hot", data=hot)
    assert best_rules(run) == best_rules(recsys.run(*SETTINGS, data=pd.DataFrame(ORDERS)))


def test_equal_frames_are_one_file_and_sweeps_take_them(tmp_path):
    swept = recsys.sweep(*SETTINGS[1:], "apriori.min_support=0.2,0.3", data=pd.DataFrame(ORDERS))
    path = data_overrides(pl.DataFrame(ORDERS), None, [])[1].partition("=")[2].strip("'")
    assert swept.best.config.dataset.path == path
    assert [str(one) for one in (tmp_path / "outputs/data").iterdir()] == [path]
    assert swept.best.metrics["n_transactions"] == 11


def test_columns_that_no_file_holds_are_refused():
    spans = pd.DataFrame(ORDERS).assign(item_id=pd.cut(ORDERS["order_id"], 3))
    with pytest.raises(ParameterError, match="data must be a frame with columns of text, numbers, times"):
        data_overrides(spans, None, [])


def test_what_a_table_refuses_is_refused():
    with pytest.raises(DataFormatError, match=r"Set dataset\.columns\.order_id, dataset\.columns\.user_id"):
        recsys.run(*SETTINGS, data=pd.DataFrame({"item_id": ["tea", "cake"]}))


@pytest.mark.parametrize(
    "override", ["dataset=groceries", "dataset.path=sales.csv", "+dataset.database=sqlite:///shop.db"]
)
def test_data_are_named_once(override):
    with pytest.raises(ParameterError, match="data must be left out where the overrides name other data"):
        recsys.run(override, data=pd.DataFrame(ORDERS))
    with pytest.raises(ParameterError, match="items must be left out without data"):
        recsys.run(items=pd.DataFrame(ORDERS))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "outputs").write_text("a file")
    with pytest.raises(OutputError, match=r"data cannot be written to .*Change to a folder that can be"):
        recsys.run(data=pd.DataFrame(ORDERS))
