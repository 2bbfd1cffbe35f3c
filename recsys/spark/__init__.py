"""Everything that needs PySpark: an engine, a dataset, and ratings and transactions in Spark."""

from recsys.spark.dataset import SparkDataset
from recsys.spark.engine import SparkEngine
from recsys.spark.interactions import SparkInteractions
from recsys.spark.transactions import SparkTransactions

__all__ = ["SparkDataset", "SparkEngine", "SparkInteractions", "SparkTransactions"]
