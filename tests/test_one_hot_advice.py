"""The advice is typed as printed, and makes the transactions that the frame means."""

import numpy as np
import pandas as pd
import pytest

from recsys.data import Transactions
from recsys.errors import DataFormatError
from tests.integration.cures import tries

FRAMES = {
    "counts": pd.DataFrame({"a": [2, 0, 1], "b": [0, 1, 0]}),
    "counts with missing ones": pd.DataFrame({"a": [2, np.nan, 1], "b": [np.nan, 1, np.nan]}),
    "counts and returns": pd.DataFrame({"a": [2, -1, 1], "b": [0, 3, -2]}),
    "nullable counts": pd.DataFrame({"a": [1, None, 1], "b": [None, 1, 0]}, dtype="Int64"),
    "booleans and counts": pd.DataFrame({"a": [True, False, True], "b": [0, 1, 0]}),
    "true or missing": pd.DataFrame({"a": [True, None, True], "b": [None, True, False]}),
    "nullable booleans": pd.DataFrame({"a": [True, None, True], "b": [None, True, False]}, dtype="boolean"),
    "marks": pd.DataFrame({"a": ["x", None, "x"], "b": [None, "x", None]}),
    "yes and no": pd.DataFrame({"a": ["yes", "no", "yes"], "b": ["no", "yes", "no"]}),
    "text of booleans": pd.DataFrame({"a": ["True", "False", "True"], "b": ["False", "True", "False"]}),
    "long": pd.DataFrame({"order": [7, 8, 9], "item": ["a", "b", "a"]}),
    "long, with quantities": pd.DataFrame(
        {"item_id": ["a", "b", "a"], "quantity": [1, 5, 0], "customer_id": [7, 8, 9]}
    ),
    "long, of numbers": pd.DataFrame({"order": [7, 8, 9], "item": [10, 20, 10]}),
    "long, of other names": pd.DataFrame({"x": [7, 8, 9], "y": ["a", "b", "a"]}),
    "names of items": pd.DataFrame({"1": ["a", "b", "a"], "2": [None, "b", "a"], "3": ["a", "b", "a"]}),
    "one column of names": pd.DataFrame({"x": ["a", "b", "a"]}),
}


@tries("recsys/data/one_hot_advice.py", "")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_the_advice_makes_what_the_frame_means(frame):
    with pytest.raises(DataFormatError, match="must be boolean without missing values") as caught:
        Transactions.from_frame(frame)
    code = "Transactions" + str(caught.value).split("Transactions", 1)[1].removesuffix(".")
    made = eval(code, {"frame": frame, "Transactions": Transactions})
    held = [made.items[row.indices].tolist() for row in made.matrix]
    names = [10, 20] if 10 in made.items.tolist() else ["a", "b"]
    assert held == [names[:1], names[1:], names[:1]]
