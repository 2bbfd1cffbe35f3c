"""ParquetDataset: ratings or baskets in Parquet, one file or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy.typing as npt

from recsys.datasets.batches import gather
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.fields import Column
from recsys.datasets.tables import reading
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset as Files

KINDS = {
    "integer": "integers",
    "number": "numbers",
    "id": "integers or text",
    "time": "integers (seconds since 1970), dates or timestamps",
}


@dataclass(frozen=True)
class ParquetDataset(CsvDataset):
    """Ratings or baskets in a Parquet file, or in a folder of them, as Spark writes it.

    The parameters are those of `CsvDataset`; `separator`, `quoted` and `encoding` are those of the file of
    the items, which is text.
    """

    def _read_ratings(self, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
        return read_parquet(Path(self.path).expanduser(), columns)

    @property
    def _has_ratings_in_text(self) -> bool:
        return False

    def _ratings_files(self) -> list[Path]:
        path = Path(self.path).expanduser()
        return sorted(path.rglob("*.parquet")) if path.is_dir() else [path]


def read_parquet(path: Path, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read some columns of a Parquet file, or of all in a folder, in batches.

    Parameters
    ----------
    path : Path
    columns : mapping of str to Column
        What to read, under the names of the result.

    Returns
    -------
    dict of str to ndarray
        int64 for integers and times (seconds since 1970), float64 for numbers, int64 or text for ids.

    Raises
    ------
    DataNotFoundError
        If the file is not there or cannot be read.
    DataFormatError
        If it is not Parquet, a column is missing or of another type, there are no rows, or a value is
        missing or not finite.
    """
    import pyarrow as pa
    import pyarrow.dataset

    with reading(path):
        path.stat()
        try:
            files = pa.dataset.dataset(path, format="parquet")
        except pa.ArrowInvalid as error:
            reason = " ".join(str(error).split())
            raise DataFormatError(
                f"{path} is not Parquet: {reason}. Put a sound copy in its place."
            ) from error
        types = {column.name: _type_of(path, files.schema, column) for column in columns.values()}
        typed = {
            name: replace(column, kind="integer") if types[column.name] == pa.int64() else column
            for name, column in columns.items()
        }
        try:
            return gather(_batches(files, types), typed)
        except pa.ArrowInvalid as error:
            _explain(path, files, list(columns.values()), " ".join(str(error).split()))


def _type_of(path: Path, schema: pa.Schema, column: Column) -> pa.DataType:
    """Return the type that a column is read as; raise DataFormatError if it cannot be what it must."""
    import pyarrow as pa

    count = schema.names.count(column.name)
    if count != 1:
        found = ", ".join(map(repr, schema.names)) or "none"
        trouble = f"has {count} columns" if count else "has no column"
        raise DataFormatError(
            f"{path} {trouble} {column.name!r}; it has {found}. Set {column.key} to the right one."
        )
    stored = schema.field(column.name).type
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    is_text = pa.types.is_string(stored) or pa.types.is_large_string(stored)
    is_date = pa.types.is_timestamp(stored) or pa.types.is_date(stored)
    is_number = pa.types.is_floating(stored) or pa.types.is_decimal(stored)
    if pa.types.is_integer(stored):
        return pa.float64() if column.kind == "number" else pa.int64()
    if column.kind == "id" and is_text:
        return pa.string()
    if column.kind == "number" and is_number:
        return pa.float64()
    if column.kind == "time" and is_date:
        return pa.timestamp("s")
    raise DataFormatError(
        f"{path}, column {column.name!r}: the values are of type {stored} and must be {KINDS[column.kind]}. "
        f"Write them as such, or set {column.key} to another column."
    )


def _batches(files: Files, types: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """Yield the batches of some columns, of the types wanted; text as dictionaries."""
    import pyarrow as pa

    # Each batch that is read ahead is in memory: two keep the disk busy.
    for batch in files.to_batches(columns=list(types), batch_readahead=2, fragment_readahead=1):
        arrays = []
        for name, wanted in types.items():
            array = batch.column(name).cast(wanted, safe=not pa.types.is_timestamp(wanted))
            arrays.append(array.dictionary_encode() if pa.types.is_string(wanted) else array)
        yield pa.record_batch(arrays, list(types))


def _explain(path: Path, files: Files, columns: list[Column], reason: str) -> NoReturn:
    """Find the first row that is wrong and raise the error that describes it."""
    n_rows = 0
    for fragment in files.get_fragments():
        row = 0
        for batch in fragment.to_batches(files.schema, columns=[column.name for column in columns]):
            for column in columns:
                place, problem = _first_problem(batch.column(column.name), column)
                if problem:
                    raise DataFormatError(
                        f"{fragment.path}, row {row + place + 1}, column {column.name!r}: "
                        f"the value {problem}. {column.cure('row')}."
                    )
            row += batch.num_rows
        n_rows += row
    if n_rows == 0:
        raise DataFormatError(f"{path} has no ratings. Give a file that holds some.")
    raise DataFormatError(f"{path} cannot be read: {reason}. Correct or replace the file.")


def _first_problem(values: pa.Array, column: Column) -> tuple[int, str]:
    """Return the place of the first wrong value, and what is wrong with it; no words when nothing is."""
    for place, value in enumerate(values.to_pylist()):
        if problem := column.problem("" if value is None else str(value)):
            return place, problem
    return 0, ""
