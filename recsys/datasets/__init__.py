"""Datasets: where ratings and baskets come from.

A dataset is a frozen object with `load()`, which returns `Ratings`, and `fingerprint()`, which changes when
its files do.
"""

from recsys.datasets.bootstrap import MovieLensBootstrap
from recsys.datasets.csv_file import CsvDataset
from recsys.datasets.dataset import Dataset, EngineRatings, RatingSet
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.fimi import FimiDataset
from recsys.datasets.items import ItemCatalog
from recsys.datasets.movielens import MovieLens
from recsys.datasets.parquet_file import ParquetDataset
from recsys.datasets.quest import Quest
from recsys.datasets.ratings import Ratings
from recsys.datasets.search import TitleError, TitleSearch

__all__ = [
    "CsvDataset",
    "Dataset",
    "EngineRatings",
    "FimiDataset",
    "ItemCatalog",
    "MovieLens",
    "MovieLensBootstrap",
    "ParquetDataset",
    "Quest",
    "RatingSet",
    "Ratings",
    "TitleError",
    "TitleSearch",
    "resolve_duplicates",
]
