"""SparkDataset: ratings or baskets that Spark reads and keeps."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.data.interactions import Interactions
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.duplicates import duplicates_error
from recsys.errors import ParameterError
from recsys.parameters import require_choice
from recsys.spark.engine import SparkEngine

if TYPE_CHECKING:
    from recsys.spark.interactions import SparkInteractions

FORMATS = ("parquet", "csv")
_PATTERNS = re.compile(r"[]\\*?[{}]")
_ENCODINGS = {"utf-8": "UTF-8", "iso8859-1": "ISO-8859-1", "ascii": "US-ASCII"}


@dataclass(frozen=True)
class SparkDataset(CsvDataset):
    """Ratings or baskets in Parquet or delimited text, read by Spark in parallel.

    The parameters are those of `CsvDataset`, but `path` may also be a folder of files or a URL (`hdfs://`,
    `s3a://`), and fields of text may not contain line breaks. This process reads the item file.

    Parameters
    ----------
    format : {"parquet", "csv"}
    """

    format: str = "parquet"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_choice("format", self.format, FORMATS)
        if self.feedback is not None:
            raise ParameterError("feedback", "null where Spark reads the ratings", self.feedback)
        if self.format == "csv" and codecs.lookup(self.encoding).name not in _ENCODINGS:
            raise ParameterError("encoding", "utf-8 or latin-1 where Spark reads the ratings", self.encoding)

    def load(self) -> Interactions:
        """Raise ParameterError: the ratings may not fit into this process."""
        cure = "dataset=spark is for mining rules: with engine=spark evaluation=none."
        raise ParameterError("dataset", "parquet or csv for what needs the ratings in memory", "spark", cure)

    @property
    def _has_ratings_in_text(self) -> bool:
        return self.format == "csv"

    @property
    def is_local(self) -> bool:
        """Whether the ratings are files of this machine."""
        return Path(self.path).expanduser().exists()

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return an empty fingerprint: the ratings are not kept."""
        return ()

    def content_digests(self) -> dict[str, str] | None:
        """Return digests of the files by role; None if they are on other machines."""
        return super().content_digests() if self.is_local else None

    def open_in(self, engine: Any) -> AbstractContextManager[SparkInteractions]:
        """Read the ratings in a session and persist them; raise ParameterError unless the engine is Spark."""
        if engine.name != SparkEngine.name:
            value = type(engine).__name__
            raise ParameterError("engine", "spark with dataset=spark", value, "Set engine=spark.")
        return self._read_in(engine)

    @contextmanager
    def _read_in(self, engine: SparkEngine) -> Iterator[SparkInteractions]:
        from recsys.spark.columns import digest_of, one_of_each, read_in_spark, settings_for_reading
        from recsys.spark.interactions import SparkInteractions

        items, columns = self._read_items(), self._columns()
        in_order = self.layout == "ratings" and self.duplicates in ("first", "last")
        if not in_order:
            columns.pop("timestamp", None)  # only needed to order duplicates
        here = Path(self.path).expanduser()
        _refuse_hidden(here, self.path, self.format)
        # Absolute, because Java may have another working folder. Not as_uri: Spark does not decode %20, and
        # takes brackets and stars for patterns.
        whole = _PATTERNS.sub(r"\\\g<0>", str(here.resolve()))
        url = f"file://{whole}" if here.exists() else self.path
        options = None
        if self.format == "csv":
            encoding = _ENCODINGS[codecs.lookup(self.encoding).name]
            options = {"sep": self.separator, "encoding": encoding, "quote": '"' if self.quoted else ""}
        with engine.session() as spark, settings_for_reading(spark):
            rows = read_in_spark(spark, self.path, url, columns, options, in_order)
            frame = one_of_each(rows, self.duplicates).persist()
            try:
                ratings = frame.drop("n_rows")
                n_ratings, digest = digest_of("ratings", ratings)
                if self.layout == "ratings" and self.duplicates == "error":
                    self._refuse_duplicates(frame)
                yield SparkInteractions(ratings, n_ratings, digest, items, self.name or "")
            finally:
                frame.unpersist()

    def _refuse_duplicates(self, frame: Any) -> None:
        from pyspark.sql import functions as f

        repeated = frame.where("n_rows > 1").agg(f.count("*"), f.min(f.struct("user_id", "item_id")))
        n_pairs, pair = repeated.first()
        if n_pairs:
            raise duplicates_error(self.path, n_pairs, *pair)


def _refuse_hidden(file: Path, path: str, instead: str) -> None:
    """Raise ParameterError for a file that Spark would ignore because of its name."""
    name = file.resolve().name
    if file.is_file() and (name[0] == "." or (name[0] == "_" and "=" not in name)):
        rule = "a file whose name does not begin with _ or ., which Spark ignores"
        raise ParameterError("dataset.path", rule, path, f"Rename it, or set dataset={instead}.")
