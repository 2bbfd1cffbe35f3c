"""Kill sweeps and compare what Optuna and MLflow then hold: python scripts/kill_sweeps.py [--kills 100].

One or three workers run a study of 30 trials, and some of them are killed at random moments (SIGKILL or
SIGTERM) until the study is complete; then the next study begins. MLflow is an SQLite file, or a server that
is itself killed and started again meanwhile. After a round in which all workers were killed, either the
next run or `python -m recsys sync` alone brings MLflow up to date. With --storage sqlite the studies are in
SQLite files instead of journals. Optuna and MLflow must then agree on
every trial, no trial or run may be left running, and a complete study must have exactly the requested
number of trials. Otherwise the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random

from recsys.tracking.queue import Queue, find_queues

ROOT = Path(__file__).resolve().parents[1]
SWEEP = (
    "-m", "hydra/sweeper=optuna", "apriori.min_support=interval(0.15,0.5)", "evaluation=none",
    "output.show_rules=0", "hydra.sweeper.progress_bar=false",
)  # fmt: skip
LONGEST = 600.0  # seconds until a step counts as hanging
STATUS = {"COMPLETE": "FINISHED", "FAIL": "FAILED", "PRUNED": "KILLED"}
SQLITE, SERVER = "SQLite", "server"
# Addresses of the studies by their names, and what follows the names.
STORAGES = {
    "journal": ("journal:multirun/studies/", ".log"),
    "sqlite": ("sqlite:///multirun/studies/", ".db"),
}


@dataclass
class Server:
    """`mlflow server` on a free port, which can be killed and started again.

    Attributes
    ----------
    folder : Path
        Of its database, artifacts and log.
    """

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it responds."""
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{self.folder / 'server.db'}"]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # it takes long to start
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True, env=environment
            )
        _wait_until(self._answers)

    def _answers(self) -> bool:
        from urllib.request import urlopen

        with suppress(OSError):
            return bool(urlopen(f"{self.address}/health", timeout=5).status == 200)
        return False

    def kill(self) -> None:
        """Kill the server if it runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@dataclass
class Outcome:
    """Results for one signal, number of workers and kind of MLflow.

    Attributes
    ----------
    signal, workers, record
        Which.
    kills : int
        Workers that were killed before they had ended.
    run_again : int
        Trials that were lost with their worker, or interrupted.
    outages : int
        How often the server was killed, too.
    complete : int
        Studies that came to their end.
    after_sync, after_run : int
        Comparisons after `sync` alone, and after a next run.
    problems : list of str
    """

    signal: str
    workers: int
    record: str
    kills: int = 0
    run_again: int = 0
    outages: int = 0
    complete: int = 0
    after_sync: int = 0
    after_run: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Experiment:
    """Studies that are killed in one folder.

    Attributes
    ----------
    folder : Path
    outcome : Outcome
        Filled as the studies go.
    n_trials : int
    random : Random
    server : Server or None
    storage : str
        Key of `STORAGES`.
    """

    folder: Path
    outcome: Outcome
    n_trials: int
    random: Random
    server: Server | None
    storage: str = "journal"
    study: str = ""
    _rounds: int = 0

    @property
    def tracking_uri(self) -> str:
        """Tracking URI."""
        return self.server.address if self.server else f"sqlite:///{self.folder / 'mlflow.db'}"

    def run(self, kills: int) -> None:
        """Kill this many workers, and complete the last study."""
        number = 0
        while self.outcome.kills < kills or self.study:
            if not self.study:
                number += 1
                self.study = f"study{number}"
            self.round(kills - self.outcome.kills)

    def round(self, kills: int) -> None:
        """Start the workers, kill some, and compare."""
        workers = [self._worker() for _ in range(self.outcome.workers)]
        self._rounds += 1
        if kills > 0:
            for victim in self.random.sample(workers, self.random.randint(1, min(kills, len(workers)))):
                if self.server and self.random.random() < 0.4:
                    self.server.kill()
                    self.outcome.outages += 1
                self._kill(victim)
        if self.server and self.server._process is None:
            self.server.start()
        codes = [worker.wait(LONGEST) for worker in workers]
        if any(code not in (0, -9, -15, 143) for code in codes):
            self._problem(f"exit codes {codes}, see {self.folder}/log.txt")
        if 0 in codes:  # the study is complete
            self._wait_for_senders()
        elif self.random.random() < 0.5:
            return  # the next run starts at once
        if 0 in codes and not self._queues():
            self.outcome.after_run += 1
        else:  # all were killed, or MLflow was unavailable for longer than their patience
            code = self._call("-m", "recsys", "sync", "multirun").wait(LONGEST)
            if code:
                self._problem(f"sync ends with {code}")
            self.outcome.after_sync += 1
        for problem in self.compare():
            self._problem(problem)
        if self._counted() >= self.n_trials:
            if self._counted() > self.n_trials:
                self._problem(f"{self._counted()} trials instead of {self.n_trials}")
            self.outcome.complete += 1
            self.outcome.run_again += len(self._trials()) - self._counted()
            self.study = ""

    def _problem(self, text: str) -> None:
        self.outcome.problems.append(f"{self.study}: {text}")

    def _worker(self) -> subprocess.Popen[bytes]:
        folder = f"hydra.sweep.dir=multirun/{self.study}/{time.time_ns()}"
        about = (f"hydra.sweeper.study_name={self.study}", f"hydra.sweeper.n_trials={self.n_trials}", folder)
        return self._call("-m", "recsys", *SWEEP, *about, f"hydra.sweeper.storage={self._address}")

    @property
    def _address(self) -> str:
        start, end = STORAGES[self.storage]
        return f"{start}{self.study}{end}"

    def _call(self, *command: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": self.tracking_uri}
        with (self.folder / "log.txt").open("a") as log:
            return subprocess.Popen(
                [sys.executable, *command], cwd=self.folder, env=environment, stdout=log, stderr=log
            )

    def _kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker during its start, one of its trials, or its end."""
        due = self._n_jobs() + self.random.randint(0, self.n_trials // 2 + 1)
        while_it_starts = self.random.random() < 0.25
        deadline = time.monotonic() + (self.random.random() * 10 if while_it_starts else LONGEST)
        while self._n_jobs() < due and worker.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(self.random.random() * 0.2)
        if worker.poll() is None:
            worker.send_signal(signal.Signals[self.outcome.signal])
            self.outcome.kills += 1

    def _n_jobs(self) -> int:
        return sum(1 for _ in self.folder.glob(f"multirun/{self.study}/*/[0-9]*"))

    def _queues(self) -> list[Queue]:
        return find_queues([self.folder / "multirun"])

    def _wait_for_senders(self) -> None:
        for queue in self._queues():
            _wait_until(lambda queue=queue: not queue.is_taken())

    def _trials(self) -> list[tuple[int, str, float | None, bool]]:
        """Return number, state and value of all started trials, and whether they count."""
        import optuna

        from optuna_sweeper.study.storage import make_storage
        from optuna_sweeper.study.storage_file import storage_file

        path = storage_file(self._address, self.folder)
        if path is None or not path.exists():
            return []
        storage = make_storage(self._address, self.folder)
        try:
            study = optuna.load_study(study_name=self.study, storage=storage)
        except KeyError:  # no worker has created the study
            return []
        finally:
            storage.remove_session()
        return [
            (trial.number, trial.state.name, trial.values[0] if trial.values else None,
             "discarded" not in trial.user_attrs)
            for trial in study.trials if trial.state.name != "WAITING"
        ]  # fmt: skip

    def _counted(self) -> int:
        return sum(counts for *_, counts in self._trials())

    def compare(self) -> list[str]:
        """Return the disagreements of Optuna and MLflow, and what is left running."""
        from recsys.mlflow_store.connection import connect

        trials, client = self._trials(), connect(self.tracking_uri)
        experiment = client.get_experiment_by_name("recsys")
        runs = [
            run
            for run in (
                client.search_runs([experiment.experiment_id], max_results=5000) if experiment else []
            )
            if run.data.tags.get("study") == self.study
        ]
        children = {
            int(run.data.tags["trial.number"]): run for run in runs if "trial.number" in run.data.tags
        }
        parents = [run for run in runs if "trial.number" not in run.data.tags]
        problems = [] if len(parents) <= 1 else [f"{len(parents)} runs of the study"]
        if len(children) + len(parents) != len(runs):
            problems.append(f"{len(runs) - len(parents)} runs for {len(children)} trials")
        for number, state, value, _ in trials:
            run = children.pop(number, None)
            said = (run.info.status, run.data.metrics.get("max_lift")) if run else (None, None)
            if STATUS.get(state) != said[0] or (value is not None and value != said[1]):
                problems.append(f"trial {number}: {state} {value} in Optuna, {said[0]} {said[1]} in MLflow")
        problems += [f"trial {number}: in MLflow only" for number in children]
        states = Counter(state for _, state, *_ in trials)
        for parent in parents:
            if parent.info.status == "RUNNING":
                problems.append("the run of the study is left running")
            if trials and parent.data.metrics.get("n_complete") != states["COMPLETE"]:
                n_complete = parent.data.metrics.get("n_complete")
                problems.append(f"{states['COMPLETE']} complete trials in Optuna, {n_complete} in MLflow")
        if trials and not parents:
            problems.append("the study has no run")
        return problems


def _wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} for {LONGEST:g} s")
        time.sleep(0.1)


@contextmanager
def _server(record: str, folder: Path) -> Iterator[Server | None]:
    if record == SQLITE:
        yield None
        return
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def kill(
    folder: Path, kills: int, n_trials: int, signals: Sequence[str], workers: Sequence[int],
    records: Sequence[str], seed: int = 0, storage: str = "journal",
) -> list[Outcome]:  # fmt: skip
    """Kill this many workers in all, spread evenly over the combinations; return the results of each."""
    combinations = list(product(records, workers, signals))
    outcomes = []
    for i, (record, count, name) in enumerate(combinations):
        share = kills // len(combinations) + (i < kills % len(combinations))
        place = folder / f"{record}-{count}-{name}"
        (place / "multirun/studies").mkdir(parents=True)
        outcome = Outcome(name, count, record)
        with _server(record, place) as server:
            random = Random(f"{seed} {place.name}")
            Experiment(place, outcome, n_trials, random, server, storage).run(share)
        outcomes.append(outcome)
        print(line(outcome), flush=True)
    return outcomes


COLUMNS = (
    "signal", "workers", "MLflow", "kills", "outages", "lost trials", "studies", "after sync", "after run",
    "problems",
)  # fmt: skip


def line(outcome: Outcome) -> str:
    """Return a line of the table."""
    cells = (
        outcome.signal, outcome.workers, outcome.record, outcome.kills, outcome.outages, outcome.run_again,
        outcome.complete, outcome.after_sync, outcome.after_run, len(outcome.problems),
    )  # fmt: skip
    return "  ".join(f"{cell!s:>{len(name)}}" for cell, name in zip(cells, COLUMNS, strict=True))


def main() -> None:
    """Kill, compare, print."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--trials", type=int, default=30, help="of each study")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 3])
    parser.add_argument(
        "--signals", nargs="+", default=["SIGKILL", "SIGTERM"], choices=["SIGKILL", "SIGTERM"]
    )
    parser.add_argument("--records", nargs="+", default=[SQLITE, SERVER], choices=[SQLITE, SERVER])
    parser.add_argument("--storage", default="journal", choices=STORAGES, help="of the studies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep everything in this folder, which is new")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        start = time.monotonic()
        print("  ".join(COLUMNS), flush=True)
        folder = (given.folder or Path(name)).resolve()
        outcomes = kill(
            folder, given.kills, given.trials, given.signals, given.workers, given.records, given.seed,
            given.storage,
        )  # fmt: skip
    problems = [
        f"{one.signal} {one.workers} {one.record} {text}" for one in outcomes for text in one.problems
    ]
    studies, kills = sum(one.complete for one in outcomes), sum(one.kills for one in outcomes)
    print(f"{kills} kills, {studies} studies of {given.trials} trials in {time.monotonic() - start:.0f} s.")
    if problems:
        sys.exit("\n".join(["Not as it must be:", *problems]))
    print("All totals are exact; Optuna and MLflow agree.")


if __name__ == "__main__":
    main()
