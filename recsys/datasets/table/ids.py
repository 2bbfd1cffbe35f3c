"""Ids: SQL that reads them without changing them, and ids that may be one or two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy.typing as npt

from recsys.datasets.fields import ids_from_text, shown
from recsys.datasets.table.connection import literal
from recsys.errors import DataFormatError

# As in `ids_from_text`: other texts may be two ids that are the same number.
PLAIN_INTEGER = "0|-?[1-9][0-9]{0,17}"

IDS = ("text", "integer")
NO_VALUES = ("", "null", "nan")
BLANKS = " \t\r\n\u00a0"

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_FRACTIONS = re.compile(r"DOUBLE|FLOAT|DECIMAL\(.*\)")
_NOT_IDS = re.compile(r".*\]|STRUCT.*|MAP.*|UNION.*|BLOB|BIT|INTERVAL|VARIANT")
_PLAIN = re.compile(PLAIN_INTEGER)
_FROM_PANDAS = re.compile(rf"({PLAIN_INTEGER})[.]0")
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(_[0-9]+)*([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?")


def is_missing(text: str) -> bool:
    """Return whether a text, without blanks around it, stands for no value: empty, NULL or NaN."""
    return text.lower() in NO_VALUES


def text_sql(column: str) -> str:
    """Return the SQL of a text without the blanks around it; NULL where it stands for no value."""
    plain = f"length({column}) > 4 AND regexp_full_match({column}, '[!-~].*[!-~]')"  # for speed
    trimmed = f"trim({column}, {literal(BLANKS)})"
    return f"CASE WHEN {plain} THEN {column} WHEN lower({trimmed}) NOT IN {NO_VALUES} THEN {trimmed} END"


def as_text(column: str, kind: str) -> str | None:
    """Return the SQL of an id of a DuckDB type as text; None if values of this type are no ids."""
    if _NOT_IDS.fullmatch(kind):
        return None
    if kind == "JSON":
        return f"{column} ->> '$'"
    if not _FRACTIONS.fullmatch(kind):
        return f"CAST({column} AS VARCHAR)"
    # As pandas stores integers in a column with missing values.
    is_whole = f"{column} = floor({column}) AND abs({column}) < {2**53}"
    whole = f"CASE WHEN {is_whole} THEN TRY_CAST({column} AS BIGINT) END"
    return f"coalesce(CAST({whole} AS VARCHAR), CAST({column} AS VARCHAR))"


def as_integer(column: str, kind: str) -> str | None:
    """Return the SQL of an id as BIGINT, NULL where it is no plain integer; None if the type never is one."""
    if kind in INTEGERS:
        return f"CAST({column} AS BIGINT)"
    return plain_integer(column) if kind == "VARCHAR" else None


def plain_integer(text: str) -> str:
    """Return the SQL of a text as BIGINT; NULL unless it is a plain integer."""
    number = f"TRY_CAST({text} AS BIGINT)"
    # No other check is as fast: it is written as it was read, with no more digits than `ids_from_text` takes.
    return f"CASE WHEN strlen({text}) < 19 AND CAST({number} AS VARCHAR) = {text} THEN {number} END"


def distinct_ids(texts: Sequence[str], rule: str | None, column: str) -> npt.NDArray[Any]:
    """Return distinct texts as ids; int64 if all are plain integers, else text.

    Parameters
    ----------
    texts : sequence of str
        Without blanks around them.
    rule : {"text", "integer"} or None
        Whether texts that are the same number, such as 7 and 007, are two ids, or one; None refuses them,
        and takes integers where all end in ".0".
    column : str
        Table and column, for the error.
    """
    numbers = {} if rule == "text" else {text: number for text in texts if (number := _whole_number(text))}
    if rule is None:
        plain = set(texts)
        first: dict[str, str] = {}
        for text, number in numbers.items():
            other = number if number in plain else first.setdefault(number, text)
            if other != text:
                raise DataFormatError(
                    f"{column}: {shown(text)} and {shown(other)} may be one id, the number {number}, or two. "
                    "Set dataset.ids=integer for one, or dataset.ids=text for two."
                )
        # As pandas writes integers in a column with missing values; where all are such, they are one to one.
        numbers = numbers if all(map(_FROM_PANDAS.fullmatch, texts)) else {}
    return ids_from_text([numbers.get(text, text) for text in texts])


def other_text(text: str, rule: str | None) -> str:
    """Return the text that an id may have become by `distinct_ids`; "" if it stays as it is."""
    is_number = rule == "integer" or (rule is None and _FROM_PANDAS.fullmatch(text))
    return _whole_number(text) if is_number else ""


def _whole_number(text: str) -> str:
    """Return the number that a text which is no plain integer may be; or ""."""
    if _PLAIN.fullmatch(text):
        return ""
    if _HEXADECIMAL.fullmatch(text):
        return str(int(text, 16))
    if not _NUMBER.fullmatch(text):
        return ""
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return ""
    return f"{number:f}" if number != number.to_integral_value() else f"{int(number)}"
