"""Every dataset of the configuration can be chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from recsys.composition import build
from recsys.datasets import CsvDataset, FimiDataset, MovieLens, MovieLensBootstrap, ParquetDataset, Quest
from recsys.datasets.download import EDITIONS

CONF = Path(__file__).parents[2] / "conf"
MOVIELENS = sorted(path.stem for path in CONF.glob("dataset/ml_*.yaml"))


def choose(choice: str, *overrides: str) -> object:
    with initialize_config_dir(str(CONF), version_base=None):
        return build(compose(overrides=[f"+dataset={choice}", *overrides]), "dataset")


@pytest.mark.parametrize("choice", MOVIELENS)
def test_movielens(choice: str) -> None:
    dataset = choose(choice)
    assert dataset == MovieLens(choice.replace("_", "-"))
    assert hash(dataset) == hash(MovieLens(choice.replace("_", "-")))


def test_every_edition_has_its_file() -> None:
    assert {name.replace("-", "_") for name in EDITIONS} | {"ml_latest_small_2016"} == set(MOVIELENS)


def test_csv() -> None:
    dataset = choose("csv", "dataset.path=mine.csv", "dataset.columns.timestamp=when")
    assert dataset == CsvDataset("mine.csv", columns={"timestamp": "when"})
    assert hash(dataset) == hash(CsvDataset("mine.csv", columns={"timestamp": "when"}))


def test_parquet() -> None:
    dataset = choose("parquet", "dataset.path=mine.parquet", "dataset.columns.timestamp=when")
    assert dataset == ParquetDataset("mine.parquet", columns={"timestamp": "when"})


@pytest.mark.parametrize(
    ("choice", "dataset"), [("synthetic", Quest()), ("synthetic_ml_25m", MovieLensBootstrap())]
)
def test_synthetic(choice: str, dataset: object) -> None:
    assert choose(choice, "+seed=42") == dataset
    assert choose(choice, "+seed=7") == replace(dataset, seed=7)


def test_fimi() -> None:
    assert choose("fimi", "dataset.path=retail.dat.gz") == FimiDataset("retail.dat.gz", name="retail")
