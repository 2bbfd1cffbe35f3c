"""A study in PostgreSQL: two processes share it, and its total is exact."""

import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import optuna
import pytest

from tests.conftest import WARNINGS_ARE_ERRORS

TOTAL = 8
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra/callbacks=untracked",
    "hydra.sweeper.study_name=s",
    # As compose.yaml has it: the address, with its password, is in the environment alone.
    "hydra.sweeper.storage=${oc.env:OPTUNA_STORAGE}",
    "apriori.min_support=interval(0.1,0.5)",
    "evaluation=none",
    "output.show_rules=0",
]


@contextmanager
def opened(url):
    """Optuna's storage there; its connections closed at the end."""
    storage = optuna.storages.RDBStorage(url)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@pytest.fixture
def storage(postgresql):
    return postgresql("optuna")  # without tables: the first process makes them


def test_two_processes_share_a_study(tmp_path, storage):
    processes = [
        subprocess.Popen(
            [sys.executable, *WARNINGS_ARE_ERRORS, "-m", "recsys", *SWEEP, f"hydra.sweeper.n_trials={TOTAL}",
             f"hydra.sweep.dir=sweep/{number}"],
            cwd=tmp_path, env=os.environ | {"OPTUNA_STORAGE": storage},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number in range(2)
    ]  # fmt: skip
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    with opened(storage) as database:
        study = optuna.load_study(study_name="s", storage=database)
        assert Counter(trial.state.name for trial in study.trials) == {"COMPLETE": TOTAL}
        assert [trial.number for trial in study.trials] == list(range(TOTAL))
        folders = [trial.user_attrs["job_dir"] for trial in study.trials if "job_dir" in trial.user_attrs]
    assert len(folders) == len(set(folders))
    assert all("Best trials" in text for text in told)
