"""Workers at one study in PostgreSQL come, go and are killed, and so is the database: the total is exact."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from optuna.trial import FrozenTrial, TrialState

from hydra_plugins.recsys_optuna_sweeper._attributes import DISCARDED, JOB_DIR, WORKER
from hydra_plugins.recsys_optuna_sweeper._database import PatientStorage
from tests.hydra_plugins.children import die, end_of, in_child
from tests.postgresql import Server, server_or_skip

N_WORKERS, TOTAL = 4, 24
SPACE = ("x=interval(-1, 1)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")
# At which operation on the database a worker is killed; each that is killed is followed by another.
MOMENTS = [20, 33, 41, 52, 68, 83]


AWAY = "hydra.sweeper.storage does not answer"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, for it is killed."""
    with server_or_skip() as server:
        optuna.storages.RDBStorage(server("first")).engine.dispose()  # imports what no child then has to
        yield server


class Workers:
    """The workers of an application: each is started in a process of its own, with a log and a folder."""

    def __init__(self, app: Any, url: str) -> None:
        self.app, self.url = app, url
        self.n_started = 0
        self.ran = app.folder / "ran.txt"
        # What this process has imported, its children need not.
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", task=self.task)
        self.ran.write_text("")

    def start(self, *overrides: str, killed_at: int | None = None) -> int:
        number, self.n_started = self.n_started, self.n_started + 1

        def work() -> None:
            sys.stdout = sys.stderr = self.log(number).open("w", buffering=1)
            if killed_at is not None:
                die_at_operation(killed_at)
            kept = (f"hydra.sweeper.storage='{self.url}'", "hydra.sweeper.study_name=study")
            folder = f"hydra.sweep.dir={self.app.sweep_dir}/{number}"
            self.app.sweep(
                *SPACE, f"hydra.sweeper.n_trials={TOTAL}", *kept, folder, *overrides, task=self.task
            )

        return in_child(work)

    def task(self, cfg: Any) -> float:
        """An empty job, which tells that it ran."""
        with self.ran.open("a") as file:
            file.write(f"{HydraConfig.get().job.num}\n")
        return float(cfg.x)

    def log(self, number: int) -> Path:
        path = Path(self.app.folder / f"log{number}.txt")
        path.touch()
        return path

    def logs(self) -> str:
        return "\n".join(self.log(number).read_text() for number in range(self.n_started))

    def check(self) -> list[FrozenTrial]:
        """Check that no trial is lost or doubled; return all."""
        with opened(self.url) as study:
            trials = study.trials
        states = Counter(trial.state for trial in trials)
        assert states[TrialState.COMPLETE] == TOTAL
        assert set(states) <= {TrialState.COMPLETE, TrialState.FAIL}
        assert [trial.number for trial in trials] == list(range(len(trials)))
        complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
        assert all(DISCARDED in trial.user_attrs for trial in trials if trial not in complete)
        assert len({trial.user_attrs[JOB_DIR] for trial in complete}) == TOTAL
        ran = Counter(map(int, self.ran.read_text().split()))
        assert set(ran.values()) == {1}  # no job was run twice
        assert ran.keys() >= {trial.number for trial in complete}
        return trials


def die_at_operation(number: int) -> None:
    """Be killed in the middle of the so manyth operation on the database: at odd numbers, when it is done."""
    outlast, operations = PatientStorage.outlast, []

    def deadly(storage: PatientStorage, operation: Callable[[], Any]) -> Any:
        operations.append(operation)
        if len(operations) == number:
            if number % 2:
                operation()
            die()
        return outlast(storage, operation)

    PatientStorage.outlast = deadly  # type: ignore[method-assign, assignment]


@contextmanager
def opened(url: str) -> Iterator[optuna.Study]:
    storage = optuna.storages.RDBStorage(url)
    try:
        yield optuna.load_study(study_name="study", storage=storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def test_workers_come_go_and_are_killed(app: Any, server: Server) -> None:
    workers = Workers(app, server("churn"))
    moments = iter(MOMENTS)
    living = {workers.start(killed_at=next(moments)) for _ in range(N_WORKERS)}
    codes = []
    while living:
        pid, status = os.wait()
        living.remove(pid)
        codes.append(os.waitstatus_to_exitcode(status))
        if codes[-1]:
            living.add(workers.start(killed_at=next(moments, None)))
    assert Counter(codes) == {-signal.SIGKILL: len(MOMENTS), 0: N_WORKERS}, workers.logs()
    trials = workers.check()
    assert len({trial.user_attrs[WORKER] for trial in trials}) > N_WORKERS


def test_the_database_is_killed_and_comes_back(app: Any, server: Server) -> None:
    workers = Workers(app, server("outage"))
    # Patient for a moment only: these end, and say why.
    impatient = [workers.start("hydra.sweeper.storage_timeout=0.01") for _ in range(2)]
    kill_after(6, server, workers)
    assert [end_of(pid) for pid in impatient] == [1, 1], workers.logs()
    for number in range(2):
        assert "hydra.sweeper.storage failed: postgresql+psycopg://" in workers.log(number).read_text()
        assert "the same command with the same hydra.sweeper.study_name continues it" in workers.logs()
    server.start()
    # These are still there when it comes back, and go on; so does one that is started while they work.
    patient = [workers.start() for _ in range(2)]
    kill_after(12, server, workers)
    wait_until(lambda: all(AWAY in workers.log(number).read_text() for number in (2, 3)))
    server.start()
    patient.append(workers.start())
    assert [end_of(pid) for pid in patient] == [0, 0, 0], workers.logs()
    for number in (2, 3):
        told = workers.log(number).read_text()
        assert (told.count(AWAY), told.count("hydra.sweeper.storage answers again.")) == (1, 1)
    trials = workers.check()
    # What the patient ones ran was not lost.
    assert len(trials) <= TOTAL + len(impatient)


def kill_after(n_jobs: int, server: Server, workers: Workers) -> None:
    """Kill the database when so many jobs have run."""
    wait_until(lambda: len(workers.ran.read_text().split()) >= n_jobs)
    server.kill()


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
