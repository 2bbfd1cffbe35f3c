"""Frames of pandas, Polars and Arrow are taken alike."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from recsys import Transactions, frequent_patterns
from recsys.data.frames import as_arrow
from recsys.errors import DataFormatError, ParameterError

COLUMNS = {"tea": [True, False, True], "cake": [True, True, False]}
KINDS = [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table]


@pytest.mark.parametrize("make", KINDS)
def test_one_hot_frames_are_taken(make):
    transactions = Transactions.from_frame(make(COLUMNS))
    assert transactions.items.tolist() == ["tea", "cake"]
    assert transactions.matrix.toarray().tolist() == [[True, True], [False, True], [True, False]]
    found = frequent_patterns.apriori(make(COLUMNS), 0.5, use_colnames=True)
    assert found.equals(frequent_patterns.apriori(pd.DataFrame(COLUMNS), 0.5, use_colnames=True))


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_advice_is_for_the_frame_that_was_given(make):
    frame = make({"tea": [1, 0, 0], "cake": [0, 2, 1]})
    with pytest.raises(DataFormatError) as caught:
        Transactions.from_frame(frame)
    advice = str(caught.value).partition("which are purchases: ")[2].removesuffix(".")
    assert eval(advice, {"frame": frame, "Transactions": Transactions}).n_interactions == 3


@pytest.mark.parametrize("make", KINDS)
def test_long_frames_become_arrow(make):
    columns = {"order_id": [7, 7, 8], "item_id": ["tea", "cake", None]}
    assert as_arrow("data", make(columns)).to_pydict() == columns


def test_what_is_no_frame_is_refused():
    with pytest.raises(ParameterError, match="data must be a data frame of pandas, Polars or Arrow"):
        as_arrow("data", {"item_id": ["tea"]})
    with pytest.raises(ParameterError, match="columns have texts as names"):
        as_arrow("data", pd.DataFrame([[1, 2]]))
    with pytest.raises(ParameterError, match="values of one type in each column"):
        as_arrow("data", pd.DataFrame({"item_id": ["tea", 7]}))
    with pytest.raises(ParameterError, match=r"values of one type in each column.*Sparse.*item_id"):
        as_arrow("data", pd.DataFrame({"item_id": pd.arrays.SparseArray([1, 2])}))
    with pytest.raises(ParameterError, match=r"columns have texts as names\. Got \[\]"):
        as_arrow("data", pd.DataFrame())


@pytest.mark.parametrize(
    "frame", [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([[1], [2]], names=["a", "a"])]
)
def test_two_columns_of_one_name_are_refused(frame):
    with pytest.raises(ParameterError, match=r"data must be .* different names.*'a' 2 times"):
        as_arrow("data", frame)


def test_an_index_without_a_name_is_left_out():
    frame = pd.DataFrame({"item_id": ["tea", "cake"]}, index=[3, 5])
    assert as_arrow("data", frame).column_names == ["item_id"]


@pytest.mark.parametrize(
    "index", [pd.Index([1], name="user_id"), pd.MultiIndex.from_tuples([(1, 2)], names=["user_id", "b"])]
)
def test_an_index_with_a_name_may_be_data(index):
    data = pd.DataFrame({"item_id": ["tea"]}, index=index)
    with pytest.raises(ParameterError, match=r"index has no name\. Got \"the index 'user_id'\"") as caught:
        as_arrow("data", data)
    advice = str(caught.value).partition("with ")[2].removesuffix(".")
    assert "user_id" in as_arrow("data", eval(advice, {"data": data})).column_names
