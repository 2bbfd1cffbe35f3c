"""`scripts/benchmark.py workers`: several workers on one study in PostgreSQL.

Workers are started from the shell at the same time. The job of a trial does nothing, or sleeps in place of
work elsewhere. The time runs from the moment when every worker has started its first trial until the first
worker has none left; trials that end in this time are counted. Parameters come from the random sampler and
no value is reused, so that only the cost of the study is measured. One worker with a journal is measured in
the same run. Workers, PostgreSQL and, with --record, MLflow's server share the processors of this machine.

SQL statements, transactions and processor time of a trial are counted in the worker.

With --record, all trials are recorded by one MLflow server on PostgreSQL; the seconds then run until
everything is recorded, and the runs in MLflow are counted at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmark_mining import machine
from postgresql_server import Server, postgresql_server

ROOT = Path(__file__).resolve().parents[1]

# Runs in a worker and counts what SQLAlchemy sends.
PROGRAM = """\
import json, sys, time
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig
from sqlalchemy import Engine, event

counts = {{"statements": 0, "transactions": 0, "jobs": 0}}

@event.listens_for(Engine, "before_cursor_execute")
def statement(*_):
    counts["statements"] += 1

@event.listens_for(Engine, "commit")
@event.listens_for(Engine, "rollback")
def transaction(*_):
    counts["transactions"] += 1

@hydra.main(version_base="1.3", config_path={conf!r}, config_name="config")
def main(cfg):
    counts["jobs"] += 1
    if counts["jobs"] == 1:
        counts["since"] = time.process_time()
    time.sleep({work})
    Path(HydraConfig.get().runtime.output_dir, "metrics.json").write_text('{{"max_lift": 1.0}}')
    return cfg.apriori.min_support

main()
since = counts.pop("since", None)
counts["processor_ms"] = 0 if since is None else 1000 * (time.process_time() - since)
print(json.dumps(counts))
"""
OVERRIDES = (
    "-m", "experiment=seed_sweep", "hydra/sweeper/sampler=random", "hydra.sweeper.repeat=true",
    "hydra.sweeper.equivalence=null", "hydra.sweeper.study_name=s", "hydra.sweeper.progress_bar=false",
)  # fmt: skip
UNRECORDED = "hydra/callbacks=untracked"
NO_REPORTS = ("~hydra.callbacks.report", "~hydra.callbacks.final")


def workers(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run each number of workers."""
    rows = []
    with postgresql_server() as server:
        for work in arguments.work:
            trials = arguments.trials if not work else max(20, round(20 / work))
            cases = [(1, None), *((n, server(f"study_{n}_{work}")) for n in arguments.workers)]
            for n_workers, storage in cases:
                rows.append(measured(n_workers, storage, work, trials))
                print(json.dumps(rows[-1]), flush=True)
        record = recorded(server, arguments.record, arguments.trials) if arguments.record else None
    return {"machine": machine(), "workers": rows, "record": record}


def measured(n_workers: int, storage: str | None, work: float, n_trials: int) -> dict[str, Any]:
    """Run a sweep of `n_workers`, in a journal if `storage` is None; return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        url = storage or f"journal:{folder}/study.log"
        counts = run_workers(n_workers, url, work, n_trials, Path(folder), UNRECORDED)
        trials = trials_of(url, n_trials)
    begun, done = {}, {}
    for trial in trials:
        who = trial.user_attrs["worker"]
        begun.setdefault(who, trial.datetime_start)
        done[who] = max(trial.datetime_complete, done.get(who, trial.datetime_complete))
    start, end = max(begun.values()), min(done.values())
    seconds = (end - start).total_seconds()
    counted = sum(start < trial.datetime_complete <= end for trial in trials)
    return {
        "storage": "PostgreSQL" if storage else "journal",
        "workers": n_workers,
        "seconds_of_work": work,
        "trials": len(trials),
        "trials_a_second": round(counted / seconds, 2),
        "ms_of_a_worker": round(1000 * n_workers * seconds / counted, 1),
        "processor_ms": round(sum(one["processor_ms"] for one in counts) / n_trials, 1),
        "statements": round(sum(one["statements"] for one in counts) / n_trials, 1),
        "transactions": round(sum(one["transactions"] for one in counts) / n_trials, 1),
    }


def run_workers(
    n_workers: int, storage: str, work: float, n_trials: int, folder: Path, *more: str, **environment: str
) -> list[dict[str, int]]:
    """Run workers until the study is complete; return the counts of each."""
    script = folder / "empty.py"
    script.write_text(PROGRAM.format(conf=str(ROOT / "conf"), work=work), encoding="utf-8")
    command = [sys.executable, str(script), *OVERRIDES, *more, f"hydra.sweeper.n_trials={n_trials}"]
    command += [f"hydra.sweeper.storage='{storage}'"]
    variables = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    variables |= {"PYTHONPATH": str(ROOT), **environment}
    processes = [
        subprocess.Popen(
            [*command, f"hydra.sweep.dir=multirun/{number}"],
            cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for number in range(n_workers)
    ]  # fmt: skip
    try:
        counts = [process.communicate()[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, text in zip(processes, counts, strict=True):
        if process.returncode:
            sys.exit(f"A worker ended with {process.returncode}:\n{text[-2000:]}")
    return [json.loads(text.splitlines()[-1]) for text in counts]


def trials_of(url: str, n_trials: int) -> list[Any]:
    """Return the complete trials of the study; exit unless there are `n_trials`."""
    import optuna

    from optuna_sweeper.study.storage import make_storage

    storage = make_storage(url)
    trials = optuna.load_study(study_name="s", storage=storage).trials
    if hasattr(storage, "_backend") and hasattr(storage._backend, "engine"):
        storage._backend.engine.dispose()
    states = Counter(trial.state.name for trial in trials if "discarded" not in trial.user_attrs)
    if states != {"COMPLETE": n_trials}:
        sys.exit(f"{n_trials} trials were requested, and there are {dict(states)}.")
    return [trial for trial in trials if trial.state.name == "COMPLETE"]


def recorded(server: Server, n_workers: int, n_trials: int) -> dict[str, Any]:
    """Run workers that record in one MLflow server; return the figures."""
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        with mlflow_server(server("mlflow"), folder) as address:
            started = time.perf_counter() - begin
            begin = time.perf_counter()
            storage = server("recorded")
            run_workers(n_workers, storage, 0, n_trials, folder, *NO_REPORTS, MLFLOW_TRACKING_URI=address)
            seconds = time.perf_counter() - begin
            numbers = sorted(trial.number for trial in trials_of(storage, n_trials))
            client = MlflowClient(address)
            experiment = client.get_experiment_by_name("recsys")
            found: list[Any] = []
            token = None
            while not found or token:
                page = client.search_runs([experiment.experiment_id], page_token=token)
                found, token = [*found, *page], page.token
    # A returned trial is recorded as failed; otherwise one run per trial, and one parent run.
    counts = [(run.info.status, run.data.tags.get("trial.number")) for run in found]
    said = sorted(int(number) for status, number in counts if status == "FINISHED" and number)
    if said != numbers or [number for _, number in counts].count(None) != 1 or "RUNNING" in dict(counts):
        sys.exit(f"Optuna has the trials {numbers}, MLflow {counts}.")
    return {
        "workers": n_workers,
        "trials": n_trials,
        "server_start_seconds": round(started, 1),
        "seconds_until_all_is_recorded": round(seconds, 1),
        "trials_a_second": round(n_trials / seconds, 2),
    }


@contextmanager
def mlflow_server(store: str, folder: Path) -> Iterator[str]:
    """Start MLflow's server on a database; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += [
        "--workers",
        "1",
        "--backend-store-uri",
        store,
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    with (folder / "mlflow.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        while not answers(address):
            if process.poll() is not None:
                sys.exit((folder / "mlflow.log").read_text()[-2000:])
            time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def answers(address: str) -> bool:
    """Whether a server responds."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5):
            return True
    except OSError:
        return False


def workers_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `workers` as tables."""
    lines = [
        "| study in | workers | a trial's work, s | trials | trials a second | ms of a worker for one "
        "| of its processor | statements | transactions |",
        f"|---|{'---:|' * 8}",
    ]
    for row in figures["workers"]:
        cells = (
            row["storage"], row["workers"], row["seconds_of_work"], row["trials"], row["trials_a_second"],
            row["ms_of_a_worker"], row["processor_ms"], row["statements"] or "", row["transactions"] or "",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    if figures["record"]:
        lines += ["", "| recorded by an MLflow server on PostgreSQL | |", "|---|---:|"]
        lines += [f"| {name.replace('_', ' ')} | {value} |" for name, value in figures["record"].items()]
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `workers` to the command line."""
    one = commands.add_parser("workers", help="several workers on one study in PostgreSQL")
    one.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    one.add_argument(
        "--trials", type=int, default=100, help="trials without work; with work, as many as take 20 seconds"
    )
    one.add_argument("--work", type=float, nargs="+", default=[0.0, 1.0], help="seconds that a trial sleeps")
    one.add_argument("--record", type=int, default=4, metavar="WORKERS", help="0: without MLflow")
    one.set_defaults(measure=workers, tables=workers_tables)
