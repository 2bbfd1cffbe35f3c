"""Datasets: where ratings and baskets come from.

A dataset is a frozen object with `load()`, which returns `Interactions`, and `fingerprint()`, which changes
when its files do.
"""

from recsys.datasets.bootstrap import MovieLensBootstrap
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.dataset import Dataset, EngineInteractions
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fimi import FimiDataset
from recsys.datasets.movielens import MovieLens
from recsys.datasets.parquet_file import ParquetDataset
from recsys.datasets.quest import Quest
from recsys.datasets.search import TitleError, TitleSearch

__all__ = [
    "CsvDataset",
    "Dataset",
    "EngineInteractions",
    "FimiDataset",
    "MovieLens",
    "MovieLensBootstrap",
    "ParquetDataset",
    "Quest",
    "TitleError",
    "TitleSearch",
    "resolve_duplicates",
]
