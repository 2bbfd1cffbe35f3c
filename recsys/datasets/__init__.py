"""Datasets: where ratings and baskets come from.

A dataset is a frozen object with `load()`, which returns `Interactions`, `fingerprint()`, which changes when
its files do, and `content_digests()`, which tells their contents apart. The last two follow from `_files()`.
"""

from recsys.datasets.bootstrap import MovieLensBootstrap
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.dataset import Dataset, EngineInteractions, FileDataset
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fimi import FimiDataset
from recsys.datasets.movielens import MovieLens
from recsys.datasets.parquet_file import ParquetDataset
from recsys.datasets.quest import Quest
from recsys.datasets.search import TitleError, TitleSearch
from recsys.datasets.shop import Shop
from recsys.datasets.table import TableDataset

__all__ = [
    "CsvDataset",
    "Dataset",
    "EngineInteractions",
    "FileDataset",
    "FimiDataset",
    "MovieLens",
    "MovieLensBootstrap",
    "ParquetDataset",
    "Quest",
    "Shop",
    "TableDataset",
    "TitleError",
    "TitleSearch",
    "resolve_duplicates",
]
