"""Data frames of pandas, Polars, Arrow and others, as narwhals reads them, at the edge of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys.errors import ParameterError

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    import pyarrow as pa

RULE = "a data frame of pandas, Polars or Arrow"


def as_pandas(parameter: str, frame: Any, cure: str = "") -> pd.DataFrame:
    """Return a frame as one of pandas; raise ParameterError, with a cure, if it is not a frame."""
    import pandas as pd

    return frame if isinstance(frame, pd.DataFrame) else _read(parameter, frame, cure).to_pandas()


def as_arrow(parameter: str, frame: Any) -> pa.Table:
    """Return a frame as an Arrow table with texts as names; raise ParameterError if it cannot be one.

    An index of pandas without a name is left out.
    """
    import narwhals as nw
    import pyarrow as pa

    index = getattr(frame, "index", None)
    if named := [name for name in getattr(index, "names", ()) if name is not None]:
        rule = "a frame whose index has no name"
        cure = f"Make it a column with {parameter}.reset_index()."
        raise ParameterError(parameter, rule, f"the index {named[0]!r}", cure)
    try:
        read = nw.maybe_reset_index(_read(parameter, frame, ""))
        if not read.columns or not all(isinstance(name, str) for name in read.columns):
            raise ParameterError(parameter, "a frame whose columns have texts as names", read.columns)
        return read.to_arrow()
    except nw.exceptions.DuplicateError as error:
        rule = "a frame whose columns have different names"
        raise ParameterError(parameter, rule, " ".join(str(error).split())) from error
    except (pa.ArrowException, TypeError) as error:  # TypeError: Arrow has no sparse columns
        rule = "a frame with values of one type in each column"
        raise ParameterError(parameter, rule, " ".join(str(error).split())) from error


def _read(parameter: str, frame: Any, cure: str) -> nw.DataFrame[Any]:
    import narwhals as nw

    try:
        read = nw.from_native(frame)
    except TypeError:
        if hasattr(frame, "to_frame") or not hasattr(frame, "__arrow_c_stream__"):  # a series, or no data
            raise ParameterError(parameter, RULE, type(frame), cure) from None
        return nw.from_arrow(frame, backend="pyarrow")
    return read.collect() if isinstance(read, nw.LazyFrame) else read
