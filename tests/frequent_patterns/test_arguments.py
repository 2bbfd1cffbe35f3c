"""What is no frame, and what is in no frame of itemsets, is refused in our words, not in pandas'."""

import numpy as np
import pandas as pd
import pytest

from recsys.errors import ParameterError
from recsys.frequent_patterns import apriori, association_rules, fpgrowth, fpmax

HELD = pd.DataFrame({"a": [True, False], "b": [True, True]})
ITEMSETS = apriori(HELD, 0.5, use_colnames=True)


@pytest.mark.parametrize("function", [apriori, fpgrowth, fpmax, association_rules])
@pytest.mark.parametrize("df", [None, [["a"]], HELD["a"], HELD.to_numpy()], ids=type)
def test_a_frame_is_a_frame(function, df):
    with pytest.raises(ParameterError, match="df must be a data frame of pandas, Polars or Arrow"):
        function(df)


@pytest.mark.parametrize("function", [apriori, fpgrowth, fpmax])
def test_missing_booleans(function):
    with pytest.raises(ValueError, match="NaN values are not permitted"):
        function(pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}))
    assert len(function(HELD.astype("boolean"), 0.5)) == len(function(HELD, 0.5))


@pytest.mark.parametrize(
    "arguments",
    [{"min_threshold": "1"}, {"return_metrics": "lift"}, {"min_threshold": None}],
)
def test_arguments_of_rules(arguments):
    with pytest.raises(ParameterError, match=next(iter(arguments))):
        association_rules(ITEMSETS, **arguments)


@pytest.mark.parametrize(
    "columns",
    [
        {"support": [0.5], "itemsets": ["ab"]},
        {"support": [0.5], "itemsets": [np.nan]},
        {"support": ["x"], "itemsets": [frozenset("a")]},
    ],
)
def test_a_frame_of_something_else(columns):
    with pytest.raises(ParameterError, match="df must be a frame of supports"):
        association_rules(pd.DataFrame(columns))
