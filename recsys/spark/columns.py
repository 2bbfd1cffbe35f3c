"""Read columns of ratings in Spark, check them and convert their types."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import functions as f

from recsys.datasets.fields import Column
from recsys.datasets.separators import separator_cure
from recsys.errors import DataFormatError, DataNotFoundError

# The numbers that Python's float and int accept, and the integers of `ids_from_text`.
_NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_INTEGER = r"^-?[0-9]{1,18}$"
_PLAIN_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_DAMAGED = "�"  # replaces bytes that are not text
_NO_PARQUET = re.compile(r"\[FAILED_READ_FILE\.CANNOT_READ_FILE_FOOTER\].*")
_NOTHING = (
    "{path} holds no {what}: it is empty, or a folder of files that Spark ignores, since they are empty or "
    "have names that begin with _ or . Put an intact copy in its place."
)
_CORRUPT = "recsys_corrupt_record"
_INTEGERS = ("tinyint", "smallint", "int", "bigint")
_UNSIGNED = "decimal(20,0)"  # Spark's type for Parquet's uint64

_SETTINGS = {
    "spark.sql.caseSensitive": "true",  # `rating` and `Rating` are two columns
    # Times in nanoseconds, as pandas writes them, are read as integers; else no column of the file is.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}


@contextmanager
def settings_for_reading(spark: Any) -> Iterator[None]:
    """Set the options of a session that reading needs, and restore them at the end."""
    before = {key: spark.conf.get(key, None) for key in _SETTINGS}
    for key, value in _SETTINGS.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, value)


def read_in_spark(
    spark: Any,
    path: str,
    url: str,
    columns: Mapping[str, Column],
    csv: Mapping[str, str] | None = None,
    in_order: bool = False,
) -> Any:
    """Read columns of a file, or of all in a folder and below; one pass over them checks every value.

    Parameters
    ----------
    spark : pyspark.sql.SparkSession
        Under `settings_for_reading` until the result has been computed.
    path, url : str
        The path for error messages, and in Spark's form.
    columns : mapping of str to Column
        The columns to read, by their names in the result: bigint for times (seconds since 1970), double for
        numbers, bigint or text for ids.
    csv : mapping of str to str, optional
        Spark's options for delimited text with a header line; None reads Parquet.
    in_order : bool
        Whether to add `place`, which ascends with the rows.
    """
    try:
        frame = _read(spark, url, columns, csv)
    except Py4JJavaError as error:
        found = _NO_PARQUET.search(str(error))
        if found is None:
            raise
        raise DataFormatError(
            f"{path} is not Parquet: {found[0]} Put an intact copy in its place."
        ) from error
    except AnalysisException as error:
        if error.getCondition() == "UNABLE_TO_INFER_SCHEMA":
            raise DataFormatError(_NOTHING.format(path=path, what="Parquet")) from error
        reason = str(error).splitlines()[0]
        raise DataNotFoundError(f"{path} cannot be read by Spark: {reason} Correct dataset.path.") from error
    if set(frame.columns) <= {_CORRUPT}:
        raise DataFormatError(_NOTHING.format(path=path, what="table"))
    separator = None if csv is None else csv["sep"]
    fields = {role: _field(path, frame, column, separator) for role, column in columns.items()}
    counted = _check(path, frame, fields, csv is not None)
    chosen = []
    for role, field in fields.items():
        is_integer = field.is_text and not counted[f"text {role}"]
        chosen.append((field.value.cast("bigint") if is_integer else field.value).alias(role))
    # Ids ascend within a part of a file; a part is identified by its start.
    place = f.struct("_metadata.file_path", "_metadata.file_block_start", f.monotonically_increasing_id())
    return frame.select(*chosen, *([place.alias("place")] if in_order else []))


def one_of_each(rows: Any, rule: str) -> Any:
    """Return each (user, item) pair of `read_in_spark` once, with `n_rows`; all of a user in one partition.

    The rules are those of `recsys.datasets.resolve_duplicates`, but the caller refuses repeated pairs.
    """
    pairs = rows.repartition("user_id").groupBy("user_id", "item_id")
    if "rating" not in rows.columns:
        return pairs.agg(f.count("*").alias("n_rows"))
    if rule in ("first", "last"):
        when = f.struct(*(name for name in ("timestamp", "place") if name in rows.columns))
        chosen = f.min_by("rating", when) if rule == "first" else f.max_by("rating", when)
    elif rule == "mean":
        # Sorted before summing, so that the result does not depend on the order of the rows.
        ratings = f.array_sort(f.collect_list("rating"))
        mean = f.aggregate(ratings, f.lit(0.0), lambda total, rating: total + rating) / f.count("*")
        chosen = f.least(f.greatest(mean, f.min("rating")), f.max("rating"))
    else:
        chosen = f.max("rating")
    return pairs.agg(chosen.alias("rating"), f.count("*").alias("n_rows"))


def digest_of(name: str, frame: Any) -> tuple[int, str]:
    """Return the number of rows of a frame of distinct rows, and a digest without regard to their order."""
    columns = sorted(frame.columns)
    types = [kind for _, kind in sorted(frame.dtypes)]
    there, back = f.bit_xor(f.xxhash64(*columns)), f.bit_xor(f.xxhash64(*reversed(columns)))
    # Equal rows would cancel each other.
    n_rows, *hashes = frame.agg(f.count("*"), there, back).first()
    return n_rows, hashlib.sha256(f"spark {name} {n_rows} {columns} {types} {hashes}".encode()).hexdigest()


@dataclass(frozen=True)
class _Field:
    """A column as Spark expressions: the stored and the converted value."""

    column: Column
    raw: Any
    value: Any
    is_text: bool = False

    @property
    def is_wrong(self) -> Any:
        if self.column.kind == "number":
            infinity = f.lit(float("inf"))
            return self.value.isNull() | f.isnan(self.value) | (f.abs(self.value) == infinity)
        is_missing = self.value.isNull()
        return is_missing | (self.value == "") | self.value.contains(_DAMAGED) if self.is_text else is_missing


def _read(spark: Any, url: str, columns: Mapping[str, Column], csv: Mapping[str, str] | None) -> Any:
    frame = None
    # Otherwise Spark silently ignores subfolders, except partitions (user_id=7). These are only read as
    # partitions if their names provide a column.
    for recursive in (True, False):
        reader = spark.read.option("recursiveFileLookup", recursive)
        frame = reader.parquet(url) if csv is None else _read_text(reader, url, csv)
        if {column.name for column in columns.values()} <= set(frame.columns):
            break
    return frame


def _read_text(reader: Any, url: str, options: Mapping[str, str]) -> Any:
    # All columns are text: Spark would silently convert wrong values to null.
    text = {"header": True, "escape": '"', "columnPruning": False, "enforceSchema": False}
    reader = reader.options(**text, **options)
    names = reader.csv(url).columns
    schema = ", ".join(f"{_quoted(name)} string" for name in [*names, _CORRUPT])
    return reader.schema(schema).option("columnNameOfCorruptRecord", _CORRUPT).csv(url)


def _field(path: str, frame: Any, column: Column, separator: str | None) -> _Field:
    """Return a column of Parquet, or of CSV with a separator; raise DataFormatError if unsuitable."""
    types = dict(frame.dtypes)
    if column.name not in types:
        names = [name for name in types if name != _CORRUPT]
        cure = ""
        if separator and names:
            cure = separator_cure([separator.join(names)], separator, column.name, column.key)
        column.position(names, path, cure)
    in_text = separator is not None
    raw, stored = f.col(_quoted(column.name)), types[column.name]
    if stored == "string" and (in_text or column.kind == "id"):
        text = f.regexp_replace(raw, r"(?U)^\s+|\s+$", "")
        return _Field(column, raw, _of_text(column, text), is_text=column.kind == "id")
    is_number = stored in ("float", "double") or stored.startswith("decimal")
    if column.kind == "number" and (stored in _INTEGERS or is_number):
        value = raw.cast("double")
    elif column.kind == "time" and not in_text and _is_in_nanoseconds(frame, column.name):
        value = f.expr(f"{_quoted(column.name)} div {10**9}")
    elif stored in _INTEGERS:
        value = raw.cast("bigint")
    elif stored == _UNSIGNED:
        column, value = replace(column, kind="integer"), raw.try_cast("bigint")
    elif column.kind == "time" and stored in ("date", "timestamp", "timestamp_ntz"):
        value = f.unix_seconds(raw.cast("timestamp"))
    else:
        raise column.type_error(path, stored)
    return _Field(column, raw, value)


def _of_text(column: Column, text: Any) -> Any:
    if column.kind == "id":
        return text
    if column.kind == "number":
        return f.when(text.rlike(_NUMBER), text.try_cast("double"))
    seconds = f.when(text.rlike(_INTEGER), text.try_cast("bigint"))
    return f.coalesce(seconds, f.unix_seconds(text.try_cast("timestamp")))


def _is_in_nanoseconds(frame: Any, name: str) -> bool:
    """Whether Parquet has times in nanoseconds, which Spark reads as integers of unknown meaning."""
    spark = frame.sparkSession
    hadoop, parquet = spark._jvm.org.apache.hadoop, spark._jvm.org.apache.parquet.hadoop
    for url in frame._jdf.inputFiles():
        path = hadoop.fs.Path(spark._jvm.java.net.URI(url))
        file = parquet.util.HadoopInputFile.fromPath(path, spark._jsc.hadoopConfiguration())
        if not file.getLength():  # ignored by Spark
            continue
        reader = parquet.ParquetFileReader.open(file)
        try:
            schema = reader.getFileMetaData().getSchema()
        finally:
            reader.close()
        if not schema.containsField(name):  # a partition
            return False
        kind = schema.getType(schema.getFieldIndex(name)).getLogicalTypeAnnotation()  # TIMESTAMP(NANOS,true)
        return str(kind).startswith("TIMESTAMP(NANOS")
    return False


def _check(path: str, frame: Any, fields: Mapping[str, _Field], in_text: bool) -> dict[str, Any]:
    """Count ids that are not integers; raise DataFormatError for damaged lines and wrong values."""
    counts = [f.count("*").alias("rows")]
    line = f.col(_CORRUPT) if in_text else f.lit(None)
    counts += [f.count(line).alias("damaged"), f.min(line).alias("line")]
    for role, field in fields.items():
        wrong = f.when(field.is_wrong, f.coalesce(field.raw.cast("string"), f.lit("")))
        counts += [f.count(wrong).alias(f"wrong {role}"), f.min(wrong).alias(f"one {role}")]
        if field.is_text:
            counts.append(f.count_if(~field.value.rlike(_PLAIN_INTEGER)).alias(f"text {role}"))
    found: dict[str, Any] = frame.agg(*counts).first().asDict()
    if not found["rows"]:
        raise DataFormatError(f"{path} has no rows. Give a file that holds some.")
    if found["damaged"]:
        raise DataFormatError(
            f"{path}: {found['damaged']:,} lines have more or fewer fields than the header, one of them "
            f"{found['line']!r}. Correct or remove them; a field may not hold a line break here."
        )
    for role, field in fields.items():
        if n_wrong := found[f"wrong {role}"]:
            column, text = field.column, found[f"one {role}"]
            problem = column.problem(text) or "is not text in dataset.encoding"
            raise DataFormatError(
                f"{path}, column {column.name!r}: {n_wrong:,} values are wrong, one of them {text!r}, which "
                f"{problem}. {column.cure('row')}."
            )
    return found


def _quoted(name: str) -> str:
    """Return the name of a column in Spark's quotes."""
    return "`" + name.replace("`", "``") + "`"
