"""apriori, fpgrowth, fpmax and hmine against mlxtend as it is installed."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import mlxtend.frequent_patterns as mlxtend
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recsys import frequent_patterns
from recsys.errors import ParameterError
from recsys.mining import min_count
from tests.frequent_patterns.reference import assert_same_outcome, mining_problems, outcome
from tests.mining.strategies import deterministic

MINERS = ["apriori", "fpgrowth", "fpmax", "hmine"]

BASKETS = pd.DataFrame(
    [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 0]],
    columns=["milk", "bread", "eggs", "tea"],
    dtype=bool,
)
COPIES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "uint8": np.uint8,
    "nullable bool": "boolean",
    "sparse bool": pd.SparseDtype(bool, False),
    "sparse int": pd.SparseDtype(int, 0),
    "sparse float": pd.SparseDtype(float, 0.0),
}


def as_dict(frame: pd.DataFrame) -> dict[frozenset[Any], float]:
    assert frame["itemsets"].is_unique
    return dict(zip(frame["itemsets"], frame["support"], strict=True))


def both(miner: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    return tuple(outcome(getattr(module, miner), *args, **options) for module in (frequent_patterns, mlxtend))


@pytest.mark.parametrize("kind", ["bool", "int", "float", "sparse bool", "sparse int"])
@deterministic
@given(problem=mining_problems(), use_colnames=st.booleans(), max_len=st.sampled_from([None, 0, 1, 2, 3]))
def test_apriori_returns_mlxtends_frame(
    kind: str, problem: tuple[pd.DataFrame, float], use_colnames: bool, max_len: int | None
) -> None:
    df, min_support = problem
    options = {"min_support": min_support, "use_colnames": use_colnames, "max_len": max_len}
    ours, theirs = both("apriori", df.astype(COPIES[kind]), **options)
    assert_same_outcome(ours, theirs)
    assert_same_outcome(ours, outcome(mlxtend.apriori, df.astype(COPIES[kind]), low_memory=True, **options))


@deterministic
@given(problem=mining_problems(), use_colnames=st.booleans(), max_len=st.sampled_from([None, 0, 1, 2, 3]))
def test_fpgrowth_returns_the_itemsets_of_both(
    problem: tuple[pd.DataFrame, float], use_colnames: bool, max_len: int | None
) -> None:
    df, min_support = problem
    options = {"min_support": min_support, "use_colnames": use_colnames, "max_len": max_len}
    found = frequent_patterns.fpgrowth(df, **options)
    expected = mlxtend.apriori(df, **options)
    if len(expected):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    if math.ceil(min_support * len(df)) == min_count(min_support, len(df)):
        theirs = mlxtend.fpgrowth(df, **options)
        assert as_dict(found) == as_dict(theirs)
        assert found.dtypes.equals(theirs.dtypes)


@deterministic
@given(problem=mining_problems(), max_len=st.sampled_from([None, 0, 1, 2, 3]))
def test_fpmax_returns_the_itemsets_that_are_in_no_other(
    problem: tuple[pd.DataFrame, float], max_len: int | None
) -> None:
    df, min_support = problem
    frequent = as_dict(mlxtend.apriori(df, min_support, use_colnames=True))
    longest = df.shape[1] if max_len is None else max_len
    maximal = {
        itemset: support
        for itemset, support in frequent.items()
        if not any(itemset < other for other in frequent) and len(itemset) <= longest
    }
    found = frequent_patterns.fpmax(df, min_support, use_colnames=True, max_len=max_len)
    assert as_dict(found) == maximal
    assert list(found["itemsets"]) == [itemset for itemset in frequent if itemset in maximal]
    if math.ceil(min_support * len(df)) == min_count(min_support, len(df)):
        theirs = mlxtend.fpmax(df, min_support, use_colnames=True, max_len=max_len)
        assert set(maximal) <= set(theirs["itemsets"])
        if max_len is None:
            assert as_dict(theirs) == maximal
            assert found.dtypes.equals(theirs.dtypes)


@pytest.mark.parametrize("kind", ["bool", "int", "sparse bool"])
@deterministic
@given(problem=mining_problems(), use_colnames=st.booleans(), max_len=st.sampled_from([None, 0, 1, 2, 3]))
def test_hmine_returns_mlxtends_frame(
    kind: str, problem: tuple[pd.DataFrame, float], use_colnames: bool, max_len: int | None
) -> None:
    df, min_support = problem
    assume(math.ceil(min_support * len(df)) == min_count(min_support, len(df)))
    options = {"min_support": min_support, "use_colnames": use_colnames, "max_len": max_len}
    assert_same_outcome(*both("hmine", df.astype(COPIES[kind]), **options))


def test_the_boundary_is_that_of_apriori() -> None:
    df = pd.DataFrame([[True, True, False]] * 7 + [[False, False, True]] * 18, columns=["a", "b", "c"])
    pair = frozenset({"a", "b"})
    assert pair not in as_dict(mlxtend.fpgrowth(df, 0.28, use_colnames=True))
    for miner in MINERS:
        assert as_dict(getattr(frequent_patterns, miner)(df, 0.28, use_colnames=True))[pair] == 0.28


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("kind", COPIES)
def test_every_kind_of_frame(miner: str, kind: str) -> None:
    (ours, our_warnings), (theirs, their_warnings) = both(miner, BASKETS.astype(COPIES[kind]), 0.5)
    assert as_dict(ours) == as_dict(theirs)
    assert our_warnings == their_warnings
    assert ours.dtypes.to_dict() == {
        "support": object if miner == "hmine" else np.float64,
        "itemsets": object,
    }
    assert {type(item) for itemset in ours["itemsets"] for item in itemset} == {int}


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize(
    "df",
    [
        BASKETS.astype({"milk": int}),
        BASKETS.astype(object),
        BASKETS.astype({"eggs": "boolean"}),
        BASKETS.set_axis([3, 1, 2, 0], axis=1),
        BASKETS.set_axis(["a", "b", "b", "c"], axis=1),
        BASKETS.set_axis(pd.MultiIndex.from_product([["x", "y"], [1, 2]]), axis=1),
        BASKETS.set_axis(list("wxyz"), axis=0),
        BASKETS.T.copy().T,
        BASKETS[["tea", "milk", "eggs"]],
    ],
)
def test_odd_frames(miner: str, df: pd.DataFrame) -> None:
    (ours, our_warnings), (theirs, their_warnings) = both(miner, df, 0.5, use_colnames=True)
    if miner == "hmine" and not df.columns.is_unique:  # mlxtend takes columns of one name for one item
        theirs = mlxtend.apriori(df, 0.5, use_colnames=True)
    rows = [
        sorted(zip(map(sorted, frame["itemsets"]), frame["support"], strict=True)) for frame in (ours, theirs)
    ]
    assert rows[0] == rows[1]
    assert our_warnings == their_warnings


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("use_colnames", [False, True])
@pytest.mark.parametrize(
    "df",
    [BASKETS & False, BASKETS.iloc[:0], BASKETS.iloc[:, :0], BASKETS.iloc[:0].astype(int), pd.DataFrame()],
)
def test_nothing_is_frequent(miner: str, df: pd.DataFrame, use_colnames: bool) -> None:
    ours, theirs = both(miner, df, 0.5, use_colnames=use_colnames)
    if miner == "hmine" and df.empty and df.shape[1]:  # of no transactions mlxtend returns every itemset
        assert theirs[0]["support"].isna().all()
        assert ours[0].empty
    else:
        assert_same_outcome(ours, theirs)


BAD_FRAMES = {
    "count": BASKETS.astype(int) * 2,
    "fraction": BASKETS * 0.5,
    "text": BASKETS.astype(str),
    "one text": BASKETS.astype(object).replace({True: "yes"}),
    "missing": BASKETS.astype(float).where(BASKETS),
    "None": BASKETS.astype(object).where(BASKETS, None),
    "sparse count": (BASKETS.astype(int) * 2).astype(pd.SparseDtype(int, 0)),
    "sparse missing": BASKETS.astype(float).where(BASKETS).astype(pd.SparseDtype(float, 0.0)),
    "sparse names": BASKETS.astype(pd.SparseDtype(bool, False)).set_axis([1, 2, 3, 4], axis=1),
    "sparse of ones": BASKETS.astype(pd.SparseDtype(bool, True)),
}


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("bad", BAD_FRAMES)
@pytest.mark.parametrize("min_support", [0.5, 0])
def test_a_bad_frame_is_mlxtends_error(miner: str, bad: str, min_support: float) -> None:
    ours, theirs = both(miner, BAD_FRAMES[bad], min_support)
    assert not isinstance(ours[0], pd.DataFrame)
    assert_same_outcome(ours, theirs)


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("min_support", [0, 0.0, -1, 1.000001, np.float64(0), "0.5", None])
def test_a_bad_min_support_is_mlxtends_error(miner: str, min_support: Any) -> None:
    ours, theirs = both(miner, BASKETS, min_support)
    assert not isinstance(ours[0], pd.DataFrame)
    assert_same_outcome(ours, theirs)


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize(
    ("parameter", "value"), [("max_len", -1), ("max_len", 1.5), ("min_support", math.nan)]
)
def test_what_mlxtend_lets_pass_and_makes_nothing_of(miner: str, parameter: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"{parameter} must be"):
        getattr(frequent_patterns, miner)(BASKETS, **{"min_support": 0.5, parameter: value})


@pytest.mark.parametrize("miner", MINERS)
@pytest.mark.parametrize("min_support", [1, 1.0, True, np.float32(0.5), np.int64(1)])
def test_numbers_of_any_kind(miner: str, min_support: Any) -> None:
    ours, theirs = both(miner, BASKETS, min_support)
    assert as_dict(ours[0]) == as_dict(theirs[0])


def test_signatures_are_mlxtends() -> None:
    from inspect import signature

    for name in frequent_patterns.__all__:
        ours, theirs = (
            signature(getattr(module, name)).parameters for module in (frequent_patterns, mlxtend)
        )
        assert list(ours) == list(theirs)
        assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


@pytest.mark.parametrize("miner", MINERS)
@deterministic
@given(
    problem=mining_problems(),
    use_colnames=st.booleans(),
    max_len=st.sampled_from([None, 0, 1, 2, 3]),
    low=st.booleans(),
)
def test_verbose_prints_what_mlxtend_prints(
    miner: str, problem: tuple[pd.DataFrame, float], use_colnames: bool, max_len: int | None, low: bool
) -> None:
    df, min_support = problem
    assume(math.ceil(min_support * len(df)) == min_count(min_support, len(df)))
    options = {"use_colnames": use_colnames, "max_len": max_len}
    if miner == "apriori":
        options["low_memory"] = low
    ours, theirs = (
        printed_by(getattr(module, miner), df, min_support, verbose=1, **options)
        for module in (frequent_patterns, mlxtend)
    )
    assert ours == theirs
    assert printed_by(getattr(frequent_patterns, miner), df, min_support, **options) == ""


def printed_by(function: Any, *args: Any, **options: Any) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        function(*args, **options)
    return stream.getvalue()


@pytest.mark.parametrize("miner", ["fpgrowth", "fpmax"])
@pytest.mark.parametrize("df", [BAD_FRAMES["missing"], BASKETS, BAD_FRAMES["count"]])
def test_missing_values_are_left_to_mlxtend(miner: str, df: pd.DataFrame) -> None:
    assert_same_outcome(*both(miner, df, 0.5, null_values=True, use_colnames=True))


def test_the_warning_points_at_the_caller() -> None:
    with pytest.warns(DeprecationWarning, match="non-bool types") as caught:
        frequent_patterns.apriori(BASKETS.astype(int))
    assert [warning.filename for warning in caught] == [__file__]
