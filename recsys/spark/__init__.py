"""Everything that needs PySpark: an engine, a dataset and the data flow between them."""

from recsys.spark.dataset import SparkDataset, SparkRatings
from recsys.spark.engine import SparkEngine
from recsys.spark.transactions import SparkTransactions

__all__ = ["SparkDataset", "SparkEngine", "SparkRatings", "SparkTransactions"]
