"""Workers at one study in PostgreSQL come, go and are killed, and so is the database: the total is exact."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
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
    retry, operations = RetryingStorage.retry, []

    def deadly(storage: RetryingStorage, operation: Callable[[], Any]) -> Any:
        operations.append(operation)
        if len(operations) == number:
            if number % 2:
                operation()
            die()
        return retry(storage, operation)

    RetryingStorage.retry = deadly  # type: ignore[method-assign, assignment]


def start(workers: Workers, moment: int | None) -> int:
    """Start a worker that is killed at its so manyth operation, or one that is left alone."""
    return workers.start() if moment is None else workers.start(first=lambda: die_at_operation(moment))


def test_workers_come_go_and_are_killed(app: Any, server: Server) -> None:
    workers = Workers(app, server("churn"))
    moments = iter(MOMENTS)
    living = {start(workers, next(moments)) for _ in range(N_WORKERS)}
    codes = []
    while living:
        pid, status = os.wait()
        living.remove(pid)
        codes.append(os.waitstatus_to_exitcode(status))
        if codes[-1]:
            living.add(start(workers, next(moments, None)))
    assert Counter(codes) == {-signal.SIGKILL: len(MOMENTS), 0: N_WORKERS}, workers.logs()
    trials = workers.check()
    # A worker that was killed between taking an enqueued trial and signing it has left no name.
    assert len({trial.user_attrs[WORKER] for trial in trials if WORKER in trial.user_attrs}) > N_WORKERS


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
    assert "Caught an error from sqlalchemy" not in workers.logs()
    complete = {trial.number for trial in workers.check() if trial.state is TrialState.COMPLETE}
    ran = set(map(int, workers.ran.read_text().split()))
    assert len(ran - complete) <= len(impatient)  # what the patient ones ran was not lost


def kill_after(n_jobs: int, server: Server, workers: Workers) -> None:
    """Kill the database when so many jobs have run."""
    wait_until(lambda: len(workers.ran.read_text().split()) >= n_jobs)
    server.kill()
