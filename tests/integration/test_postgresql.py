"""Study and record in PostgreSQL: workers come, go and are killed; the total is exact, the records agree."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import optuna
import pytest

from recsys.__main__ import CONF
from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS
from tests.integration.records import check_study, wait_for_senders

TOTAL = 12
# An application with the configuration of ours, whose jobs do nothing. In one of them it is killed with
# SIGKILL, or waits until others are: on a slow day nothing would be left for those to do.
APPLICATION = f"""
import json, os, signal, sys
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig

killed_in, jobs = int(sys.argv.pop(1)), []

@hydra.main(version_base="1.3", config_path={str(CONF)!r}, config_name="config")
def main(cfg):
    jobs.append(cfg)
    if len(jobs) == killed_in:
        os.kill(os.getpid(), signal.SIGKILL)
    if len(jobs) == 2 and not killed_in:
        sys.stdin.read()
    found = {{"max_lift": cfg.apriori.min_support}}
    Path(HydraConfig.get().runtime.output_dir, "metrics.json").write_text(json.dumps(found))
    return found["max_lift"]

main()
"""
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra/sweeper/sampler=random",
    "~hydra.callbacks.report",
    "~hydra.callbacks.final",
    "hydra.sweeper.equivalence=null",
    "hydra.sweeper.study_name=s",
    # As compose.yaml has it: the address, with its password, is in the environment alone.
    "hydra.sweeper.storage=${oc.env:OPTUNA_STORAGE}",
    f"hydra.sweeper.n_trials={TOTAL}",
    "apriori.min_support=interval(0.1,0.5)",
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


@pytest.fixture
def tracking_uri(postgresql):
    return postgresql("mlflow")  # without tables, too


def test_four_workers_two_of_them_killed(tmp_path, storage, tracking_uri):
    environment = os.environ | {"OPTUNA_STORAGE": storage, "MLFLOW_TRACKING_URI": tracking_uri}

    def start(number, killed_in=0):
        with (tmp_path / f"log{number}.txt").open("w") as log:
            command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", APPLICATION, str(killed_in), *SWEEP]
            command.append(f"hydra.sweep.dir=multirun/here/{number}")
            return programs.Popen(
                command, cwd=tmp_path, env=environment,
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    processes = [start(0, killed_in=1), start(1, killed_in=2), start(2), start(3)]
    codes = [process.wait() for process in processes[:2]]
    for process in processes:
        process.stdin.close()
    codes += [process.wait() for process in processes[2:]]
    told = "\n".join((tmp_path / f"log{number}.txt").read_text() for number in range(4))
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0, 0], told
    assert "cannot be reached" not in told
    assert "refuses" not in told
    wait_for_senders(tmp_path)
    with opened(storage) as database:
        for number in (2, 3):
            check_study(tmp_path, tmp_path / f"multirun/here/{number}", TOTAL, database, tracking_uri)
