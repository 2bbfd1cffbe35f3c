"""Workers at one study in PostgreSQL come, go and are killed, and so is the database: the total is exact."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from optuna_sweeper.study.attributes import WORKER
from optuna_sweeper.study.retrying_storage import RetryingStorage
from tests.optuna_sweeper.workers.children import die, end_of
from tests.optuna_sweeper.workers.database_workers import AWAY, Workers, wait_until
from tests.postgresql import Server, server_or_skip

N_WORKERS = 4
# At which operation on the database a worker is killed; each that is killed is followed by another.
MOMENTS = [20, 33, 41, 52, 68, 83]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, for it is killed."""
    with server_or_skip() as server:
        optuna.storages.RDBStorage(server("first")).engine.dispose()  # imports what no child then has to
        yield server


def die_at_operation(number: int) -> None:
    """Be killed in the middle of the so manyth operation on the database: at odd numbers, when it is done."""
    retry, operations = RetryingStorage.retry, count(1)

    def deadly(storage: RetryingStorage, operation: Callable[[], Any]) -> Any:
        if next(operations) == number:  # once, though the heartbeat is a thread of its own
            try:
                if number % 2:
                    operation()
            finally:  # it may be refused: another was faster
                die()
        return retry(storage, operation)

    RetryingStorage.retry = deadly  # type: ignore[method-assign, assignment]


def start(workers: Workers, moment: int | None, killed: int, doomed: int) -> int:
    """Start a worker that is killed at its so manyth operation, or one that is left alone.

    That one waits in its first job until the others are killed, or on a slow day these find nothing to do.
    """
    if moment is None:
        return workers.start(first=lambda: os.close(doomed), job=lambda number: os.read(killed, 1))
    return workers.start(first=lambda: die_at_operation(moment))


def test_workers_come_go_and_are_killed(app: Any, server: Server) -> None:
    workers = Workers(app, server("churn"))
    moments, pipe = iter(MOMENTS), os.pipe()
    living = [start(workers, next(moments), *pipe) for _ in range(N_WORKERS)]
    codes: list[int] = []
    while living:
        codes.append(end_of(living.pop(0)))
        if codes[-1]:
            living.append(start(workers, next(moments, None), *pipe))
        if len(codes) == len(MOMENTS):
            os.close(pipe[1])
    os.close(pipe[0])
    assert Counter(codes) == {-signal.SIGKILL: len(MOMENTS), 0: N_WORKERS}, workers.logs()
    trials = workers.check()
    # A worker that was killed between taking an enqueued trial and signing it has left no name.
    assert len({trial.user_attrs[WORKER] for trial in trials if WORKER in trial.user_attrs}) > N_WORKERS


def test_the_database_is_killed_and_comes_back(app: Any, server: Server) -> None:
    workers = Workers(app, server("outage"))

    def n_jobs() -> int:
        return len(workers.ran.read_text().split())

    def killed(number: int) -> Path:
        return Path(app.folder, f"killed after {number}")

    def kill_after(number: int) -> None:
        """Kill the database when so many jobs have run."""
        wait_until(lambda: n_jobs() >= number)
        server.kill()
        killed(number).touch()

    def in_time(number: int) -> Callable[[int], None]:
        """Have jobs wait for that, lest all have run before it happens."""
        return lambda _: wait_until(lambda: n_jobs() < number + 8 or killed(number).exists())

    # Patient for a moment only: these end, and say why.
    impatient = [workers.start("hydra.sweeper.storage_timeout=0.01", job=in_time(6)) for _ in range(2)]
    kill_after(6)
    assert [end_of(pid) for pid in impatient] == [1, 1], workers.logs()
    for number in range(2):
        assert "hydra.sweeper.storage failed: postgresql+psycopg://" in workers.log(number).read_text()
        assert "the same command with the same hydra.sweeper.study_name continues it" in workers.logs()
    server.start()
    # These are still there when it comes back, and go on; so does one that is started while they work.
    patient = [workers.start(job=in_time(12)) for _ in range(2)]
    kill_after(12)
    wait_until(lambda: all(AWAY in workers.log(number).read_text() for number in (2, 3)))
    server.start()
    patient.append(workers.start())
    assert [end_of(pid) for pid in patient] == [0, 0, 0], workers.logs()
    for number in (2, 3):
        told = workers.log(number).read_text()
        assert (told.count(AWAY), told.count("hydra.sweeper.storage answers again.")) == (1, 1)
    assert "Caught an error from sqlalchemy" not in workers.logs()
    complete = {trial.number for trial in workers.check() if trial.state is TrialState.COMPLETE}
    ran = set(map(int, workers.ran.read_text().split()))
    assert len(ran - complete) <= len(impatient)  # what the patient ones ran was not lost
