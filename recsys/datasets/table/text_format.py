"""How a delimited text file is written: separator, quotes, encoding and preamble, found by looking at it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from optuna_sweeper.shell import typed_override
from recsys.datasets.fields import shown
from recsys.datasets.files import open_binary, reading
from recsys.datasets.separators import CANDIDATES
from recsys.errors import DataFormatError

LINES_TO_LOOK_AT = 1000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PREAMBLE = re.compile(r"""\ufeff?"?sep=(.)"?[\r\n]*""", re.IGNORECASE)


@dataclass(frozen=True)
class TextFormat:
    """How to read a delimited text file; `skip` is the number of lines before the header."""

    separator: str
    encoding: str
    skip: int
    names: tuple[str, ...]


def find_encoding(path: Path) -> str:
    """Return the encoding of a file: by its byte order mark, else UTF-8, else cp1252, Excel's in Europe."""
    with reading(path), open_binary(path) as stream:
        start = stream.read(2**16)
        for mark, encoding in _BOMS:
            if start.startswith(mark):
                return encoding
        if start.count(b"\0") > len(start) // 4:  # text of Latin letters in UTF-16
            return "utf-16-le" if start[1::2].count(b"\0") > start[::2].count(b"\0") else "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        block = start
        try:
            while block:
                decoder.decode(block)
                block = stream.read(2**23)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def find_format(
    path: Path, separator: str | None, encoding: str | None, skip: int | None, wanted: Collection[str]
) -> TextFormat:
    """Return how a file is written; what is given is taken as it is.

    `wanted` are columns that the file should have: of several separators that fit, one that gives them is
    taken. Raise DataFormatError if the file is empty, or may be read with two separators.
    """
    encoding = encoding or find_encoding(path)
    with reading(path), open_binary(path) as binary:
        stream = io.TextIOWrapper(binary, encoding=encoding, newline="")
        lines = list(islice(stream, LINES_TO_LOOK_AT + (skip or 0)))
    preamble = _PREAMBLE.fullmatch(lines[0]) if lines and skip is None else None
    if preamble:
        separator = separator or preamble[1]
    skip = skip if skip is not None else int(preamble is not None)
    lines = [line.removeprefix("\ufeff") for line in lines[skip:] if line.strip()]
    if not lines:
        raise DataFormatError(f"{path} is empty. Give a file that holds a table.")
    separator = separator or _find_separator(path, lines, wanted)
    return TextFormat(separator, encoding, skip, _distinct(split(lines[0], separator)))


def split(line: str, separator: str) -> list[str]:
    """Return the fields of a line, without blanks around them."""
    return [field.strip() for field in next(csv.reader([line.strip("\r\n")], delimiter=separator), [])]


def _find_separator(path: Path, lines: list[str], wanted: Collection[str]) -> str:
    header = {one: split(lines[0], one) for one in CANDIDATES}
    if wanted and len(set(wanted)) == 1 and all(len(names) == 1 for names in header.values()):
        # A table of a single column: what separates nothing.
        return next((one for one in CANDIDATES if all(len(split(line, one)) == 1 for line in lines)), ",")
    for fits in (
        [one for one in CANDIDATES if wanted and set(wanted) <= set(header[one])],
        [one for one in CANDIDATES if _splits_alike(lines, one)],
    ):
        if len(fits) == 1:
            return fits[0]
        # Blanks and colons stand within names and times: one of the others is meant.
        if len(fits) > 1 and len(likely := [one for one in fits if one not in ": "]) == 1:
            return likely[0]
        if len(fits) > 1:
            readings = " or ".join(f"{one!r} ({len(header[one])} columns)" for one in fits)
            cures = " or ".join(typed_override("dataset.separator", _typed(one)) for one in fits)
            raise DataFormatError(
                f"{path}: the fields may be separated by {readings}; the first line is "
                f"{shown(lines[0].strip())}. Set {cures}."
            )
    return ","  # a single column, or lines of different lengths, which the reader refuses


def _typed(separator: str) -> str:
    return r"\t" if separator == "\t" else separator


def _splits_alike(lines: list[str], separator: str) -> bool:
    n_fields = {len(split(line, separator)) for line in lines}
    return len(n_fields) == 1 and n_fields != {1}


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Name columns without a name by their position, and repeated ones by their number."""
    distinct: dict[str, None] = {}
    for position, given in enumerate(names, start=1):
        name = given or f"column{position}"
        number = 2
        while name.lower() in (one.lower() for one in distinct):
            name, number = f"{given or 'column'}_{number}", number + 1
        distinct[name] = None
    return tuple(distinct)
