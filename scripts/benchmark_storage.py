"""`scripts/benchmark.py storage`: the cost of a trial of a long study, by the storage of the study.

An application with two numbers as parameters, whose job does nothing, is searched in one process; nothing is
recorded. The milliseconds of a trial are shown for each block of trials, so that growth is visible. The SQL
statements and commits of a trial are counted beside it. Optuna alone asks for and tells as many trials of
the same search space, in the same storage as Optuna opens it: its cost is in the cost of the sweep.

With `--busy N`, N processes that never wait run beside it, as on a machine under load. `--before FOLDER`
measures another checkout of the project in turns with this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from benchmark_mining import machine

ROOT = Path(__file__).resolve().parents[1]
BEFORE, SWEEPER, ALONE = "before", "sweeper", "Optuna alone"
COLUMNS = ("program", "sampler", "storage", "ms", "processor_ms", "statements", "commits")
STORAGES = {"memory": "null", "journal": "journal:study.log", "sqlite": "sqlite:///study.db"}

# Counts what SQLAlchemy sends, and notes the time before each trial.
COUNTING = """\
import json, sys, time
from sqlalchemy import Engine, event

times, counts = [], {"statements": 0, "commits": 0}

@event.listens_for(Engine, "before_cursor_execute")
def statement(*_):
    counts["statements"] += 1

@event.listens_for(Engine, "commit")
def commit(*_):
    counts["commits"] += 1

def note():
    times.append((time.perf_counter(), time.process_time(), *counts.values()))
"""
SWEEP = """\
import hydra

@hydra.main(version_base="1.3", config_path=None)
def main(cfg):
    note()
    return (cfg.x - 1) ** 2 + cfg.y

main()
note()
print(json.dumps(times))
"""
OPTUNA = """\
import optuna
from optuna.storages import JournalStorage, get_storage
from optuna.storages.journal import JournalFileBackend

storage, sampler, n_trials = sys.argv[1:]
opened = {"null": lambda: None, "journal:study.log": lambda: JournalStorage(JournalFileBackend("study.log"))}
optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    storage=opened.get(storage, lambda: get_storage(storage))(),
    sampler=getattr(optuna.samplers, {"tpe": "TPESampler", "random": "RandomSampler"}[sampler])(seed=0),
)
for _ in range(int(n_trials)):
    trial = study.ask()
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", 0, 1)
    note()
    study.tell(trial, (x - 1) ** 2 + y)
note()
print(json.dumps(times))
"""


OVERRIDES = (
    "+x=interval(-5,5)", "+y=interval(0,1)", "hydra.sweeper.sampler.seed=0", "hydra.sweep.dir=multirun",
    "hydra.sweeper.progress_bar=false",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One search: a program, a sampler and a storage."""

    program: str
    sampler: str
    storage: str
    n_trials: int
    path: Path = ROOT

    def run(self) -> list[list[float]]:
        """Return seconds, processor seconds and counts before each trial and at the end."""
        address = STORAGES[self.storage]
        if self.program == ALONE:
            text, words = OPTUNA, [address, self.sampler, str(self.n_trials)]
        else:
            text = SWEEP
            words = ["-m", "hydra/sweeper=optuna", f"hydra/sweeper/sampler={self.sampler}", *OVERRIDES]
            words += [f"hydra.sweeper.n_trials={self.n_trials}", f"hydra.sweeper.storage={address}"]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "app.py").write_text(COUNTING + text, encoding="utf-8")
            environment = os.environ | {"PYTHONPATH": str(self.path.resolve())}
            command = [sys.executable, "app.py", *words]
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
        if done.returncode:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        times: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
        return times

    def measure(self, block: int) -> dict[str, Any]:
        """Return the milliseconds of a trial in each block, and the counts of a trial in all."""
        times = self.run()
        ends = [*range(0, self.n_trials, block), self.n_trials]
        blocks = [(times[start], times[end], end - start) for start, end in pairwise(ends)]
        first, last = times[0], times[-1]
        return {
            "program": self.program,
            "sampler": self.sampler,
            "storage": self.storage,
            "ms": round(1000 * (last[0] - first[0]) / self.n_trials, 2),
            "ms_by_block": [round(1000 * (end[0] - start[0]) / n, 1) for start, end, n in blocks],
            "processor_ms": round(1000 * (last[1] - first[1]) / self.n_trials, 2),
            "statements": round((last[2] - first[2]) / self.n_trials, 1),
            "commits": round((last[3] - first[3]) / self.n_trials, 1),
        }


def storage(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure every case, in turns, in each round."""
    programs = {BEFORE: arguments.before} if arguments.before else {}
    programs |= {SWEEPER: ROOT} | ({ALONE: ROOT} if arguments.alone else {})
    rows = []
    with busy(arguments.busy):
        for _ in range(arguments.rounds):
            for sampler, name, (program, path) in product(
                arguments.samplers, arguments.storages, programs.items()
            ):
                case = Case(program, sampler, name, arguments.trials, path)
                rows.append(case.measure(arguments.block))
                print(json.dumps(rows[-1]), flush=True)
    return {"machine": machine(), "busy": arguments.busy, "block": arguments.block, "storage": rows}


@contextmanager
def busy(n_processes: int) -> Iterator[None]:
    """Run processes that never wait."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(n_processes)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def storage_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `storage` as a table."""
    lines = [
        f"| program | sampler | storage | ms of a trial | processor ms | statements | commits "
        f"| ms of a trial, by {figures['block']} trials |",
        f"|---|---|---|{'---:|' * 4}---|",
    ]
    for row in figures["storage"]:
        *cells, blocks = (row[key] for key in (*COLUMNS, "ms_by_block"))
        lines.append(f"| {' | '.join(map(str, cells))} | {' '.join(map(str, blocks))} |")
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `storage` to the command line."""
    one = commands.add_parser("storage", help="cost of a trial of a long study, by its storage")
    one.add_argument("--trials", type=int, default=1000)
    one.add_argument("--block", type=int, default=100, help="trials of a block")
    one.add_argument("--rounds", type=int, default=1)
    one.add_argument("--storages", nargs="+", choices=STORAGES, default=list(STORAGES))
    one.add_argument("--samplers", nargs="+", choices=["tpe", "random"], default=["tpe"])
    one.add_argument("--alone", action="store_true", help="measure Optuna without the sweeper, too")
    one.add_argument("--busy", type=int, default=0, metavar="N", help="processes that never wait, beside it")
    one.add_argument("--before", type=Path, metavar="FOLDER", help="another checkout, measured in turns")
    one.set_defaults(measure=storage, tables=storage_tables)
