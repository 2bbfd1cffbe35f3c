"""ParquetDataset: ratings or baskets in Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from recsys.datasets.columns import to_arrays
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.fields import Column
from recsys.datasets.files import reading
from recsys.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.dataset import Dataset as Files


@dataclass(frozen=True)
class ParquetDataset(CsvDataset):
    """Ratings or baskets in a Parquet file, or in a folder of them as written by Spark.

    The parameters are those of `CsvDataset`; `separator`, `quoted` and `encoding` concern the item file.
    """

    def _read_ratings(self, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
        return read_parquet(Path(self.path).expanduser(), columns)

    @property
    def _has_ratings_in_text(self) -> bool:
        return False


def read_parquet(path: Path, columns: Mapping[str, Column]) -> dict[str, npt.NDArray[Any]]:
    """Read columns of a Parquet file or a folder of them, by their names in the result; see `to_arrays`."""
    import pyarrow as pa
    import pyarrow.dataset

    with reading(path):
        path.stat()
        try:
            files = pa.dataset.dataset(path, format="parquet")
        except pa.ArrowInvalid as error:
            reason = " ".join(str(error).split())
            raise DataFormatError(
                f"{path} is not Parquet: {reason}. Put an intact copy in its place."
            ) from error
        types = {column.name: _type_of(path, files.schema, column) for column in columns.values()}
        typed = {
            name: replace(column, kind="integer") if types[column.name] == pa.int64() else column
            for name, column in columns.items()
        }
        try:
            return to_arrays(_read(path, types), typed)
        except pa.ArrowInvalid as error:
            raise _explained(path, files, columns, " ".join(str(error).split())) from None


def _type_of(path: Path, schema: pa.Schema, column: Column) -> pa.DataType:
    """Return the type to read a column as; raise DataFormatError if its type is not suitable."""
    import pyarrow as pa

    column.position(schema.names, path)
    stored = schema.field(column.name).type
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    if pa.types.is_integer(stored):
        return pa.float64() if column.kind == "number" else pa.int64()
    if column.kind == "id" and (pa.types.is_string(stored) or pa.types.is_large_string(stored)):
        return pa.dictionary(pa.int32(), pa.string())
    if column.kind == "number" and (pa.types.is_floating(stored) or pa.types.is_decimal(stored)):
        return pa.float64()
    if column.kind == "time" and (pa.types.is_timestamp(stored) or pa.types.is_date(stored)):
        return pa.timestamp("s")
    raise column.type_error(path, stored)


def _read(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.dataset

    text = [name for name, wanted in types.items() if pa.types.is_dictionary(wanted)]
    files = pa.dataset.dataset(path, format=pa.dataset.ParquetFileFormat(dictionary_columns=text))
    # Each batch that is read ahead is in memory: two keep the disk busy.
    table = files.to_table(columns=list(types), batch_readahead=2, fragment_readahead=1)
    return pa.table(
        {
            name: table[name].cast(wanted, safe=not pa.types.is_timestamp(wanted))
            for name, wanted in types.items()
        }
    )


def _explained(path: Path, files: Files, columns: Mapping[str, Column], reason: str) -> DataFormatError:
    """Return the error that describes the first wrong row."""
    n_rows = 0
    for fragment in files.get_fragments():
        n_before = n_rows
        for batch in fragment.to_batches(files.schema, columns=[one.name for one in columns.values()]):
            for column in columns.values():
                for row, value in enumerate(batch.column(column.name).to_pylist(), n_rows - n_before + 1):
                    if problem := column.problem("" if value is None else str(value)):
                        return DataFormatError(
                            f"{fragment.path}, row {row}, column {column.name!r}: the value {problem}. "
                            f"{column.cure('row')}."
                        )
            n_rows += batch.num_rows
    if n_rows == 0:
        return DataFormatError(f"{path} has no rows. Give a file that holds some.")
    return DataFormatError(f"{path} cannot be read: {reason}. Correct or replace the file.")
