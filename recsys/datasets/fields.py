"""Columns of data files: the kinds of their values, and checks of single values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from recsys.errors import DataFormatError

Kind = Literal["integer", "number", "id", "time"]

_RULE = {
    "integer": "an integer",
    "number": "a number",
    "time": "an integer number of seconds or an ISO 8601 date",
}
_TYPES = {
    "integer": "integers",
    "number": "numbers",
    "id": "integers or text",
    "time": "integers (seconds since 1970), dates or timestamps",
}

# "007" and "1.0" stay text, or two ids could become one.
_PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Column:
    """A column to read: its name in the file, the kind of its values, and the config key that names it."""

    name: str
    kind: Kind
    key: str = ""

    def problem(self, text: str) -> str:
        """Return what is wrong with a value; empty if it is valid."""
        text = text.strip()
        if not text:
            return "is missing"
        try:
            if self.kind == "number":
                return "" if isfinite(float(text)) else "is not finite"
            if self.kind == "integer" or (self.kind == "time" and text.lstrip("-").isdecimal()):
                return "" if -(2**63) <= int(text) < 2**63 else "does not fit 64 bits"
            if self.kind == "time":
                datetime.fromisoformat(text)
        except ValueError:
            return f"is not {_RULE[self.kind]}"
        return ""

    def position(self, names: Sequence[str], path: str | Path, cure: str = "") -> int:
        """Return the index of the column; raise DataFormatError unless it occurs exactly once."""
        count = names.count(self.name)
        if count == 1:
            return names.index(self.name)
        found = ", ".join(map(shown, names)) or "none"
        trouble = f"has {count} columns" if count else "has no column"
        cure = cure or (f"Set {self.key} to the right one." if self.key else "Restore the header line.")
        raise DataFormatError(f"{path} {trouble} {self.name!r}; it has {found}. {cure}")

    def type_error(self, path: str | Path, stored: object) -> DataFormatError:
        """Return the error for a stored type that is not suitable."""
        return DataFormatError(
            f"{path}, column {self.name!r}: the values are of type {stored} and must be {_TYPES[self.kind]}. "
            f"Write them as such, or set {self.key} to another column."
        )

    def cure(self, place: str = "line") -> str:
        """Return what to do about a wrong value in a line, or in another place."""
        cure = f"Correct or remove the {place}"
        if self.key:
            cure += f", or set {self.key} to another column"
        return cure + (", or to null to do without times" if self.key and self.kind == "time" else "")


def shown(text: str) -> str:
    """Return a value for a message: quoted, on one line, shortened."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def ids_from_text(values: list[str]) -> npt.NDArray[Any]:
    """Return ids as int64 if all are plain integers, and as text otherwise."""
    if all(map(_PLAIN_INTEGER.fullmatch, values)):
        return np.array([int(value) for value in values], dtype=np.int64)
    return np.array(values, dtype=np.str_)
