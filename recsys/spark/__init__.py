"""Everything that needs PySpark, which is imported when it is used: an engine and a dataset."""

from recsys.spark.dataset import SparkDataset
from recsys.spark.engine import SparkEngine

__all__ = ["SparkDataset", "SparkEngine"]
