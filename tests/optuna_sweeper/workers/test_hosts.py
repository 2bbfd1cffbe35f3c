"""Workers on several hosts, which are network namespaces, share a study; a host dies, and one is cut off."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_sweeper.study.attributes import DISCARDED
from tests.optuna_sweeper.workers.children import die, end_of
from tests.optuna_sweeper.workers.database_workers import TOTAL, Workers, wait_until
from tests.optuna_sweeper.workers.namespaces import HUB, Hosts
from tests.postgresql import Server, server_or_skip

QUICK = "hydra.sweeper.heartbeat=0.2"


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with Hosts(3) as hosts:
        yield hosts


@pytest.fixture
def server(hosts: Hosts) -> Iterator[Server]:
    """A server at the hub, which the hosts reach by TCP."""
    with server_or_skip() as server:
        server.kill()
        with Path(server.folder, "data/pg_hba.conf").open("a") as file:
            file.write("host all all 10.0.0.0/24 trust\n")
        with hosts.at_hub():
            server.start(HUB)
        optuna.storages.RDBStorage(server("first")).engine.dispose()  # imports what no child then has to
        yield server


def test_one_host_is_killed_and_one_cut_off(app: Any, hosts: Hosts, server: Server) -> None:
    workers = Workers(app, f"postgresql+psycopg://recsys@{HUB}/study", near=server("study"))
    cut, mended = app.folder / "cut", app.folder / "mended"

    def wait(number: int) -> None:
        cut.touch()
        wait_until(mended.exists)

    doomed = workers.start(QUICK, first=lambda: hosts.move_to(0), job=lambda number: die())
    silent = workers.start(QUICK, first=lambda: hosts.move_to(1), job=wait)
    left = workers.start(QUICK, first=lambda: hosts.move_to(2), job=lambda number: wait_until(cut.exists))
    assert end_of(doomed) == -signal.SIGKILL
    wait_until(cut.exists)
    hosts.link(1, "down")
    # Neither shows a sign of life for five heartbeats: the third takes their trials.
    assert end_of(left) == 0, workers.logs()
    assert workers.log(2).read_text().count("is run again: The process that ran it is gone.") == 2
    hosts.link(1, "up")
    mended.touch()
    assert end_of(silent) == 0, workers.logs()
    assert "was given to another process; its result is dropped." in workers.log(1).read_text()
    trials = workers.check()
    assert Counter(trial.user_attrs.get(DISCARDED) for trial in trials) == {None: TOTAL, "lost": 2}
