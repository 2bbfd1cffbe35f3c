"""Bytes of a text file: encoding, line ends, quotes and the number of lines, in one pass."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys.datasets.files import open_binary, reading
from recsys.datasets.table.binary import check_is_text

BYTES_AT_ONCE = 2**23
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class TextScan:
    """What the bytes of a file tell.

    Parameters
    ----------
    encoding : str
        That of the byte order mark; else UTF-16 where every other byte of the beginning is zero, UTF-8 where
        all bytes are valid, or cp1252, in which Excel writes in Western Europe.
    has_plain_ends : bool
        Whether all lines end in a line feed, or all in a return and a line feed.
    has_quotes : bool
    n_lines : int
    """

    encoding: str
    has_plain_ends: bool
    has_quotes: bool
    n_lines: int


def scan(path: Path) -> TextScan:
    """Read a text file, plain or gzipped, once."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding: str | None = None
    has_quotes, last = False, b""
    n_feeds = n_returns = n_both = 0
    with reading(path), open_binary(path) as stream:
        while block := stream.read(BYTES_AT_ONCE) + stream.readline():
            if not last:
                encoding = _at_start(block)
                check_is_text(path, block[:10_000], may_have_zeros=encoding is not None)
            has_quotes |= b'"' in block
            n_feeds += block.count(b"\n")
            if b"\r" in block:
                data = np.frombuffer(block, dtype=np.uint8)
                returns = data == ord("\r")
                n_returns += int(np.count_nonzero(returns))
                n_both += int(np.count_nonzero(returns[:-1] & (data[1:] == ord("\n"))))
            if encoding is None and not block.isascii():
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"
            last = block[-1:]
    if encoding is None and decoder.getstate()[0]:  # the last character is cut off
        encoding = "cp1252"
    plain = n_returns == 0 or n_returns == n_both == n_feeds
    return TextScan(encoding or "utf-8", plain, has_quotes, n_feeds + (last not in (b"", b"\n")))


def _at_start(block: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if block.startswith(mark):
            return encoding
    start = block[:10_000]
    even, odd = start[::2].count(b"\0"), start[1::2].count(b"\0")
    if max(even, odd) > len(start) // 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
