"""Recommendations for many users, written to a file in portions, so that memory does not grow with users."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from optuna_sweeper.atomic_write import atomic_open
from recsys.errors import OutputError, ParameterError
from recsys.mining.arrow import ids_in_arrow
from recsys.models.bundle import Bundle
from recsys.models.reason_text import reason_text, with_titles
from recsys.spreadsheet import as_cell

Row = dict[str, Any]
Write = Callable[[list[Row]], Any]

AT_ONCE = 1000  # users whose lists are in memory at the same time
COLUMNS = ("user_id", "rank", "item_id", "title", "score", "source", "reason")
STRUCTURED = "reasons"  # one more column of the formats that have lists


def check_file(parameter: str, path: Path, *, overwrite: bool = False) -> Path:
    """Return the path of a new file in a known format, or raise ParameterError.

    Parameters
    ----------
    parameter : str
        What the caller calls the path.
    path : Path
    overwrite : bool
        Whether there may be a file, which will be replaced.
    """
    if path.suffix not in _FORMATS:
        raise ParameterError(parameter, f"a file with the ending {', '.join(_FORMATS)}", str(path))
    if path.is_dir() or not path.parent.is_dir():
        raise ParameterError(parameter, "a file in a folder that exists", str(path))
    if path.exists() and not overwrite:
        raise ParameterError(parameter, "a new file", str(path), "To replace it, add --overwrite.")
    return path


def write_recommendations(
    bundle: Bundle,
    users: Sequence[Any],
    path: Path,
    seen: Sequence[Any] = (),
    tell: Callable[[int], Any] = lambda n_users: None,
    **options: Any,
) -> int:
    """Write the lists of users of the data, each as `Bundle.recommend` makes it; return the number of rows.

    The file appears when it is complete. Its rows are ordered as the users are, then by rank, with the
    columns `COLUMNS` and, except in CSV, `reasons`, a list of structures. `reason` has the same in words.
    In CSV an apostrophe stands before a title that a spreadsheet would run as a formula.

    Parameters
    ----------
    bundle : Bundle
    users : sequence of ids
        Of users that the model knows.
    path : Path
        Its ending is the format: .parquet, .csv, .json (one list) or .jsonl (a line for each row).
    seen : sequence of ids
        Items that nobody is recommended, in addition to what each user has seen.
    tell : callable, optional
        Called with the number of users after each portion.
    **options
        k, n_reasons and the limits of lists, as of `Bundle.recommend`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    n_rows = 0
    try:
        with atomic_open(path) as file, _FORMATS[path.suffix](file, bundle) as write:
            for start in range(0, len(users), AT_ONCE):
                portion = users[start : start + AT_ONCE]
                rows = list(_rows(bundle, portion, seen, options))
                write(rows)
                n_rows += len(rows)
                tell(len(portion))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    return n_rows


def _rows(
    bundle: Bundle, users: Sequence[Any], seen: Sequence[Any], options: Mapping[str, Any]
) -> Iterator[Row]:
    steps = [bundle.steps_of(user) or [] for user in users]
    known = [[*(bundle.seen_of(user) or ()), *seen] for user in users]
    verb = bundle.catalog.nouns.verb
    for user, found in zip(users, bundle.recommend(steps, seen=known, **options), strict=True):
        for rank, one in enumerate(found, start=1):
            reasons = list(map(with_titles, one.reasons))
            yield {
                "user_id": user,
                "rank": rank,
                "item_id": one.item_id,
                "title": one.title,
                "score": one.score,
                "source": one.source,
                "reason": "; ".join(reason_text(reason, one.title, verb).strip() for reason in reasons),
                STRUCTURED: reasons,
            }


@contextmanager
def _parquet(file: BinaryIO, bundle: Bundle) -> Iterator[Write]:
    """One row group for each portion."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    titles, number, count = pa.list_(pa.string()), pa.float64(), pa.int64()
    measures = {"support_count": count, "confidence": number, "lift": number, "share": number, "times": count}
    reason = pa.struct({"antecedents": titles, **measures, "category": pa.string(), "text": pa.string()})
    types = [
        ids_in_arrow(bundle.histories.users).type, count, ids_in_arrow(bundle.model.items).type,
        pa.string(), number, pa.string(), pa.string(), pa.list_(reason),
    ]  # fmt: skip
    schema = pa.schema(list(zip((*COLUMNS, STRUCTURED), types, strict=True)))
    with pq.ParquetWriter(file, schema) as writer:
        yield lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema))


@contextmanager
def _csv(file: BinaryIO, _: Bundle) -> Iterator[Write]:
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    yield lambda rows: writer.writerows(
        row | {name: as_cell(row[name]) for name in ("title", "reason")} for row in rows
    )
    text.detach()  # the caller closes the file


@contextmanager
def _json(file: BinaryIO, _: Bundle) -> Iterator[Write]:
    separator = b"[\n"

    def write(rows: list[Row]) -> None:
        nonlocal separator
        for row in rows:
            file.write(separator + _object(row))
            separator = b",\n"

    yield write
    file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


@contextmanager
def _json_lines(file: BinaryIO, _: Bundle) -> Iterator[Write]:
    yield lambda rows: file.writelines(_object(row) + b"\n" for row in rows)


def _object(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode()


_FORMATS = {".parquet": _parquet, ".csv": _csv, ".json": _json, ".jsonl": _json_lines}
