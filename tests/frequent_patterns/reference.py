"""What Hypothesis draws for one-hot frames, and how a call ends: with a frame or an error, and warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st


@st.composite
def one_hot_frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a boolean frame of up to 14 rows and 6 named columns."""
    n_columns = draw(st.integers(1, 6))
    rows = draw(
        st.lists(st.lists(st.booleans(), min_size=n_columns, max_size=n_columns), min_size=1, max_size=14)
    )
    names = draw(st.lists(st.text("abcxyz", min_size=1), min_size=n_columns, max_size=n_columns, unique=True))
    return pd.DataFrame(np.array(rows, dtype=bool), columns=names)


@st.composite
def mining_problems(draw: st.DrawFn) -> tuple[pd.DataFrame, float]:
    """Draw a frame and a min_support that some itemset can have to the last bit."""
    df = draw(one_hot_frames())
    return df, draw(st.integers(1, len(df))) / len(df)


def outcome(function: Callable[..., pd.DataFrame], *args: Any, **options: Any) -> tuple[Any, list[Any]]:
    """Return what a call returns, or type and text of its error; and those of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            ending = function(*args, **options)
        except Exception as error:
            ending = (type(error), str(error))
    # mlxtend lets NumPy warn of divisions by 0.
    is_mlxtend = function.__module__.startswith("mlxtend") or options.get("null_values")
    ignored = RuntimeWarning if is_mlxtend else ()
    return ending, [(w.category, str(w.message)) for w in caught if not issubclass(w.category, ignored)]


def assert_same_outcome(left: tuple[Any, list[Any]], right: tuple[Any, list[Any]]) -> None:
    """Compare two outcomes; frames to the last bit, and with their order, types and index."""
    if isinstance(left[0], pd.DataFrame) and isinstance(right[0], pd.DataFrame):
        pd.testing.assert_frame_equal(left[0], right[0], check_exact=True)
    else:
        assert left[0] == right[0]
    assert left[1] == right[1]
