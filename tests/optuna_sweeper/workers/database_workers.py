"""Workers at one study in a database, each in a process of its own."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from hydra.core.hydra_config import HydraConfig
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.study.attributes import DISCARDED, JOB_DIR
from tests.optuna_sweeper.workers.children import in_child

TOTAL = 24
SPACE = ("x=interval(-1, 1)", "hydra/sweeper/sampler=random", "hydra.sweeper.n_jobs=1")

AWAY = "hydra.sweeper.storage does not answer"


class Workers:
    """The workers of an application: each is started in a process of its own, with a log and a folder."""

    def __init__(self, app: Any, url: str, near: str | None = None) -> None:
        self.app, self.url = app, url
        self.near = near or url  # the same, from here
        self.n_started = 0
        self.ran = app.folder / "ran.txt"
        # What this process has imported, its children need not.
        app.sweep(*SPACE, "hydra.sweeper.n_trials=1", task=self.task)
        self.ran.write_text("")

    def start(
        self,
        *overrides: str,
        first: Callable[[], object] = lambda: None,
        job: Callable[[int], object] = lambda number: None,
    ) -> int:
        """Start one, and return its process id; it does something `first`, and so does each `job` of it."""
        number, self.n_started = self.n_started, self.n_started + 1

        def task(cfg: Any) -> float:
            job(HydraConfig.get().job.num)
            return self.task(cfg)

        def work() -> None:
            sys.stdout = sys.stderr = self.log(number).open("w", buffering=1)
            optuna.logging.disable_default_handler()  # it has the stream of before
            optuna.logging.enable_default_handler()
            first()
            kept = (f"hydra.sweeper.storage='{self.url}'", "hydra.sweeper.study_name=study")
            folder = f"hydra.sweep.dir={self.app.sweep_dir}/{number}"
            self.app.sweep(*SPACE, f"hydra.sweeper.n_trials={TOTAL}", *kept, folder, *overrides, task=task)

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
        with opened(self.near) as study:
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


@contextmanager
def opened(url: str) -> Iterator[optuna.Study]:
    storage = optuna.storages.RDBStorage(url)
    try:
        yield optuna.load_study(study_name="study", storage=storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
