"""Files of datasets: opening, errors, fingerprints and digests."""

import codecs
import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from recsys.errors import DataFormatError, DataNotFoundError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Convert errors of reading a file to errors that name the file and the cure."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise DataNotFoundError(
            f"{path} cannot be read: {error.strerror}. Put the file there, or name one that can be read."
        ) from error
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise DataFormatError(f"{path} is damaged: {reason}. Put an intact copy in its place.") from error


def open_binary(path: Path) -> BinaryIO:
    """Open a file, plain or gzipped (`.gz`)."""
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def whole_lines(stream: BinaryIO, n_bytes: int) -> Iterator[bytes]:
    """Yield the file in blocks of whole lines, without a byte order mark."""
    yield stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8) + stream.readline()
    while block := stream.read(n_bytes):
        yield block + stream.readline()


def data_files(path: Path) -> list[Path]:
    """Return a file, or the files in and below a folder whose names begin neither with _ nor with a dot."""
    return sorted(file for file in path.rglob("[!_.]*") if file.is_file()) if path.is_dir() else [path]


def fingerprint(*paths: Path) -> tuple[tuple[str, int, int], ...]:
    """Return path, size and time of modification in milliseconds of files."""
    found = []
    for path in paths:
        with reading(path):
            status = path.stat()
        found.append((str(path.resolve()), status.st_size, status.st_mtime_ns // 1_000_000))
    return tuple(found)


def content_digest(*paths: Path) -> str:
    """Return a digest of the contents of files, in their order."""
    digests = [_file_digest(one) for one in fingerprint(*paths)]
    return digests[0] if len(digests) == 1 else hashlib.sha256(" ".join(digests).encode()).hexdigest()


@lru_cache(maxsize=1000)
def _file_digest(file: tuple[str, int, int]) -> str:
    """Return the digest of a file by its fingerprint; a sweep repeats it in every trial."""
    path = Path(file[0])
    with reading(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
