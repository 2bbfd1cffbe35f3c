"""One-hot frames, the input of mlxtend's functions, and their checks."""

import warnings
from typing import Any, cast

import numpy as np
import pandas as pd
from scipy import sparse

from recsys.data.frames import as_pandas
from recsys.data.transactions import Transactions


def check_min_support(min_support: float) -> None:
    """Raise mlxtend's ValueError unless a support is in (0, 1]."""
    if min_support <= 0.0 or min_support > 1.0:
        raise ValueError(
            f"`min_support` must be a positive number within the interval `(0, 1]`. Got {min_support}."
        )


def require_frame(parameter: str, df: Any) -> pd.DataFrame:
    """Return a frame of pandas, Polars or Arrow as one of pandas; else raise ParameterError."""
    cure = f"Convert it first: {parameter}.to_frame()." if hasattr(df, "to_frame") else ""
    return as_pandas(parameter, df, cure)


def check_one_hot(given: Any, stacklevel: int = 3) -> pd.DataFrame:
    """Check a frame as mlxtend does, with its errors and its DeprecationWarning, at `stacklevel`.

    Return it as one of pandas.
    """
    df = require_frame("df", given)
    if df.size == 0:
        return df
    is_sparse = hasattr(df, "sparse")
    if is_sparse and not isinstance(df.columns[0], str) and df.columns[0] != 0:
        raise ValueError(
            "Due to current limitations in Pandas, if the sparse format has integer column names,"
            "names, please make sure they either start with `0` or cast them as string column names: "
            "`df.columns = [str(i) for i in df.columns`]."
        )
    # Once per type, not per column: a frame may have tens of thousands.
    dtypes = set(df.dtypes)
    if all(map(pd.api.types.is_bool_dtype, dtypes)):
        if not all(isinstance(dtype, np.dtype | pd.SparseDtype) for dtype in dtypes):
            _refuse_missing(df)
        return df
    warnings.warn(
        "DataFrames with non-bool types result in worse computational"
        "performance and their support might be discontinued in the future."
        "Please use a DataFrame with bool type",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
    _refuse_missing(df)
    values = _to_coo(df).data if is_sparse else df.to_numpy()
    others = (values != 1) & (values != 0)
    if others.any():
        raise ValueError(
            f"The allowed values for a DataFrame are True, False, 0, 1. Found value {values[others][0]}"
        )
    return df


def _refuse_missing(df: pd.DataFrame) -> None:
    if pd.isna(df).any(axis=None):
        raise ValueError("NaN values are not permitted in the DataFrame when null_values=False.")


def encode_one_hot(df: pd.DataFrame) -> Transactions:
    """Return the transactions of a checked frame; the items are the positions of its columns."""
    if df.size and hasattr(df, "sparse"):
        matrix = _to_coo(df)
    else:
        # Five times as fast as SciPy for a dense array; pandas stores columns together.
        n_rows, n_columns = df.shape
        entries = np.flatnonzero(df.to_numpy(dtype=np.bool_).T)
        starts = np.searchsorted(entries, np.arange(n_columns + 1) * n_rows)
        held = np.ones(len(entries), dtype=np.bool_)
        matrix = sparse.csc_array((held, entries % max(n_rows, 1), starts), shape=df.shape)
    return Transactions(sparse.csr_array(matrix), np.arange(df.shape[1]))


def _to_coo(df: pd.DataFrame) -> sparse.coo_matrix:
    return cast(sparse.coo_matrix, cast(Any, df).sparse.to_coo())  # pandas' stubs leave the accessor out
