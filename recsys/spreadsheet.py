"""Titles in CSV files that people open with a spreadsheet."""

import re

# What a spreadsheet takes for a formula, at the beginning of a cell, and after what separates cells in other
# countries and in pasted text.
_FORMULA = re.compile("(^|[;\t\r\n])(\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def as_cell(text: str) -> str:
    """Return a text with an apostrophe before what a spreadsheet would run as a formula, as OWASP recommends.

    Half of a surrogate pair, which UTF-8 cannot hold, becomes a question mark.
    """
    return _FORMULA.sub(r"\1'\2", text).encode("utf-8", "replace").decode()
