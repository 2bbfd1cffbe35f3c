"""Times in text: their form, found by looking at all values, and refused where day and month are unclear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.table.connection import literal
from recsys.datasets.table.ids import PLAIN_INTEGER, plain_integer
from recsys.datasets.table.values import values_of
from recsys.errors import DataFormatError, ParameterError

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

SECONDS, MILLISECONDS, ISO = "seconds", "milliseconds", "iso"

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M", "T%H:%M:%S")
_NUMERIC = ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%d{0}%m{0}%y", "%m{0}%d{0}%y", "%y{0}%m{0}%d")
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%y")
_DIGITS = {8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"), 12: ("%Y%m%d%H%M",), 14: ("%Y%m%d%H%M%S",)}
_MAX_SECONDS, _MAX_MILLISECONDS = 10**11, 7 * 10**12  # the years 5138 and 2191
_ROWS_LOOKED_AT, _VALUES_LOOKED_AT = 20_000, 200


@dataclass(frozen=True)
class TimeForm:
    """How times are written: integers of a unit, ISO 8601, or some formats of strptime with the same date."""

    formats: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.formats)

    def timestamp(self, text: str) -> str:
        """Return the SQL of a trimmed text as a timestamp; NULL where it is not of this form."""
        if self.formats in ((SECONDS,), (MILLISECONDS,)):
            return f"make_timestamp({self.seconds(text)} * 1000000)"
        if self.formats == (ISO,):
            return _since_1000(f"TRY_CAST({text} AS TIMESTAMPTZ)")
        formats = ", ".join(map(literal, self.formats))
        parsed = f"try_strptime({text}, {formats if len(self.formats) == 1 else f'[{formats}]'})"
        for length, digits in _DIGITS.items():
            if self.formats[0] in digits:  # without separators, strptime takes fewer digits, too
                is_date = f"length({text}) = {length} AND {parsed} BETWEEN '1900-01-01' AND '2100-01-01'"
                return f"CASE WHEN {is_date} THEN {parsed} END"
        return _since_1000(parsed)

    def seconds(self, text: str) -> str:
        """Return the SQL of a trimmed text as seconds since 1970; NULL where it is not of this form."""
        if self.formats in ((SECONDS,), (MILLISECONDS,)):
            return f"({plain_integer(text)})" + (" // 1000" if self.formats == (MILLISECONDS,) else "")
        return f"epoch_us({self.timestamp(text)}) // 1000000"


def possible_forms(texts: Sequence[str]) -> list[TimeForm]:
    """Return the forms that some texts may have, by the signs in them."""
    integers = [int(text) for text in texts if re.fullmatch(PLAIN_INTEGER, text)]
    dates = [digits for length in sorted({len(text) for text in texts}) for digits in _DIGITS.get(length, ())]
    largest = max(map(abs, integers), default=_MAX_MILLISECONDS + 1)
    # Integers are seconds or milliseconds where these are in this or the last century, or small.
    units = [SECONDS if largest < _MAX_SECONDS else MILLISECONDS] if largest <= _MAX_MILLISECONDS else []
    signs = sorted({found[1] for text in texts if (found := re.match(r"\d+([-/.])", text))})
    written = [date.format(sign) for sign in signs for date in _NUMERIC]
    written += [date for date in _NAMED if any(re.search("[A-Za-z]{3}", text) for text in texts)]
    written += ["%Y.%m.%d"] if "." in signs else []
    with_clocks = [TimeForm(tuple(f"{date}{clock}" for clock in _CLOCKS)) for date in written]
    return [TimeForm((one,)) for one in (ISO, *units, *dates)] + with_clocks


def _since_1000(time: str) -> str:
    # A year of two digits would be one of antiquity. (greatest ignores NULL.)
    return f"nullif(greatest({time}, '1000-01-01'), '1000-01-01')"


@lru_cache
def given_form(timestamp_format: str) -> TimeForm:
    """Return the form of the setting `timestamp_format`; raise ParameterError for an invalid one."""
    import duckdb

    form = TimeForm((timestamp_format,))
    rule = f"a format of strptime such as %d-%m-%Y, {SECONDS} or {MILLISECONDS} (since 1970), {ISO}, or null"
    error = ParameterError("timestamp_format", rule, timestamp_format)
    if "%" not in timestamp_format and timestamp_format not in (SECONDS, MILLISECONDS, ISO):
        raise error
    try:
        with duckdb.connect() as connection:
            connection.execute("SELECT " + form.timestamp("'x'"))
    except duckdb.Error:
        raise error from None
    return form


def find_form(data: DuckDBPyRelation, name: str, label: str) -> TimeForm:
    """Return the form of all times of a column; that of most, where no form fits all.

    Parameters
    ----------
    data : DuckDBPyRelation
    name : str
        Of the column.
    label : str
        The table, for errors.

    Raise DataFormatError if several forms fit all values and give different times.
    """
    sample = values_of(data.limit(_ROWS_LOOKED_AT), name).limit(_VALUES_LOOKED_AT)
    likely = _best(sample, possible_forms([text for (text,) in sample.fetchall()]))
    if len(likely) == 1 and likely[0].formats[0] in (SECONDS, MILLISECONDS, ISO):
        return likely[0]
    values = values_of(data, name)
    best = _best(values, likely)
    for other in best[1:]:
        here, there = best[0].seconds("t"), other.seconds("t")
        unclear = _row(values.filter(f"{here} <> {there}"), "min(t)")[0]
        if unclear is not None:
            raise _unclear(values, f"{label}, column {name!r}", unclear, best)
    counts = _row(values, *(f"count({TimeForm((one,)).seconds('t')})" for one in best[0].formats))
    used = tuple(one for one, count in zip(best[0].formats, counts, strict=True) if count)
    return TimeForm(used or best[0].formats)


def _best(texts: DuckDBPyRelation, forms: Sequence[TimeForm]) -> list[TimeForm]:
    counts = _row(texts, *(f"count({form.seconds('t')})" for form in forms))
    return [form for form, count in zip(forms, counts, strict=True) if count == max(counts)]


def _unclear(values: DuckDBPyRelation, column: str, text: str, forms: list[TimeForm]) -> DataFormatError:
    readings, cures = [], []
    for form in forms:
        formats = [TimeForm((one,)) for one in form.formats]
        seconds = _row(
            values.filter(f"t = {literal(text)}"), *(f"any_value({one.seconds('t')})" for one in formats)
        )
        one, second = next(
            (one, second) for one, second in zip(formats, seconds, strict=True) if second is not None
        )
        readings.append(f"{datetime.fromtimestamp(second, UTC):%-d %B %Y} ({one})")
        cures.append(typed_override("dataset.timestamp_format", str(one)))
    return DataFormatError(
        f"{column}: the time {shown(text)} may be {' or '.join(readings)}, and no value decides. "
        f"Set {' or '.join(cures)}."
    )


def _row(data: DuckDBPyRelation, *expressions: str) -> tuple[Any, ...]:
    named = ", ".join(f"{one} AS c{number}" for number, one in enumerate(expressions))
    found: tuple[Any, ...] = data.aggregate(named).fetchall()[0]
    return found
