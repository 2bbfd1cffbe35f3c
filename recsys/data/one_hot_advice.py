"""Advice for frames that are not one-hot, by what they hold."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_MARKS = ("yes", "y", "true", "t", "1", "x")
# Words in the names of columns, the likeliest first.
_USER_NAMES = ("order", "basket", "transaction", "invoice", "receipt", "cart", "session", "user", "customer")
_ITEM_NAMES = ("item", "product", "sku", "article", "movie", "title", "name", "description")


def is_boolean(column: "pd.Series") -> bool:
    """Return whether a column is boolean without missing values."""
    import pandas as pd

    dtype = getattr(column.dtype, "subtype", column.dtype)
    return pd.api.types.is_bool_dtype(dtype) and not column.hasnans


def advise_one_hot(frame: "pd.DataFrame", name: str = "frame") -> str:
    """Return how to make the transactions of a frame whose columns are not all boolean.

    `name` is the frame of pandas in the caller's words.
    """
    import pandas as pd

    columns = {name: column for name, column in frame.items() if not is_boolean(column)}
    numbers = [
        name
        for name, column in columns.items()
        if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    ]
    texts = {name: set(column.dropna()) for name, column in columns.items() if name not in numbers}
    values = set().union(*texts.values())
    if not texts and not (len(columns) > 1 and all(map(_may_be_ids, columns.values()))):
        return f"If they are counts, say which are purchases: Transactions.from_frame({name}.fillna(0) > 0)."
    if not numbers and values <= {True, False} and False in values:
        return f"Say what is missing: Transactions.from_frame({name}.fillna(False).astype(bool))."
    if not numbers and len(values) == 1:
        return f"If the value marks a purchase: Transactions.from_frame({name}.notna())."
    marks = [value for value in values if str(value).lower() in _MARKS]
    if not numbers and len(values) == 2 and len(marks) == 1:
        return f"If {marks[0]!r} marks a purchase: Transactions.from_frame({name} == {marks[0]!r})."
    in_two_columns = sum(map(len, texts.values())) > len(values)
    if len(frame.columns) < 2 or in_two_columns or any(columns[name].hasnans for name in texts):
        rows = f"row.dropna().tolist() for _, row in {name}.iterrows()"
        return f"If the cells name items: Transactions.from_lists({rows})."
    user, item = _find(frame.columns, _USER_NAMES, 0), _find(frame.columns, _ITEM_NAMES, 1)
    if user == item:
        user, item = frame.columns[:2]
    rows = f"{name}.groupby({user!r})[{item!r}].agg(list)"
    return f"If each row is one item of a transaction, group the rows: Transactions.from_lists({rows})."


def _may_be_ids(column: "pd.Series") -> bool:
    """Return whether a column may hold ids: all values positive, none missing, not all equal."""
    return not column.hasnans and bool((column > 0).all()) and column.nunique() > 1


def _find(columns: "pd.Index", names: tuple[str, ...], default: int) -> Any:
    """Return the first column whose name holds one of some words, else that at a position."""
    for name in names:
        for column in columns:
            if name in str(column).lower():
                return column
    return columns[default]
