from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf
from optuna.samplers import RandomSampler
from optuna.study import StudyDirection

from hydra_plugins.recsys_optuna_sweeper._storage import describe_storage
from hydra_plugins.recsys_optuna_sweeper._study import open_study, read_directions

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


class Direction(Enum):
    maximize = 1


@pytest.mark.parametrize(
    ("value", "directions"),
    [
        ("minimize", [MINIMIZE]),
        (["maximize"], [MAXIMIZE]),
        (OmegaConf.create(["minimize", "maximize"]), [MINIMIZE, MAXIMIZE]),
        (Direction.maximize, [MAXIMIZE]),
    ],
)
def test_directions(value: Any, directions: list[StudyDirection]) -> None:
    assert read_directions(value) == directions


@pytest.mark.parametrize("value", ["up", "Minimize", [], ["minimize", "up"], None])
def test_unknown_directions(value: Any) -> None:
    with pytest.raises(HydraException, match=r"hydra\.sweeper\.direction must be minimize or maximize"):
        read_directions(value)


def test_a_study_is_continued(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    open_study(url, "one", [MINIMIZE], RandomSampler()).ask()
    assert len(open_study(url, "one", [MINIMIZE], RandomSampler()).trials) == 1


def test_a_study_keeps_its_directions(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    open_study(url, "one", [MINIMIZE], RandomSampler())
    with pytest.raises(
        HydraException, match=r"must be minimize, as in the study one .* Got 'maximize, minimize'"
    ):
        open_study(url, "one", [MAXIMIZE, MINIMIZE], RandomSampler())


def test_storage_as_target(tmp_path: Path) -> None:
    storage = OmegaConf.create(
        {
            "_target_": "optuna.storages.JournalStorage",
            "log_storage": {
                "_target_": "optuna.storages.journal.JournalFileBackend",
                "file_path": str(tmp_path / "journal.log"),
            },
        }
    )
    assert open_study(storage, "one", [MINIMIZE], RandomSampler()).study_name == "one"
    assert describe_storage(storage) == "optuna.storages.JournalStorage"


@pytest.mark.parametrize("storage", ["sqlite:////no/such/folder/study.db", "nonsense", "nosuchdb://host/db"])
def test_unreachable_storage(storage: str) -> None:
    with pytest.raises(HydraException, match=r"hydra\.sweeper\.storage cannot be used: ") as caught:
        open_study(storage, None, [MINIMIZE], RandomSampler())
    assert storage in str(caught.value)
    assert "\n" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    assert describe_storage("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    assert describe_storage("sqlite:///study.db") == "sqlite:///study.db"
    assert describe_storage(None) == "memory"
