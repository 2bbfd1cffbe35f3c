"""`scripts/benchmark.py start`: what a user waits for before anything is computed.

Commands are started from the shell, in a folder of their own; the best and the median of the rounds count.
With --first-use, the project is cloned, and `make setup` and `make sweep` are run in the clone: the seconds
of each command of a target are shown. Packages come from the cache of uv or pip if they are there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmark_mining import machine

ROOT = Path(__file__).resolve().parents[1]
RECSYS = ("-m", "recsys")
COMMANDS = {
    "python": ("-c", "pass"),
    "--help": (*RECSYS, "--help"),
    "--cfg job": (*RECSYS, "--cfg", "job"),
    "serve --help": (*RECSYS, "serve", "--help"),
    "recommend --help": (*RECSYS, "recommend", "--help"),
    "a run, not recorded": (*RECSYS, "hydra/callbacks=untracked", "hydra.run.dir=run"),
    "a run, recorded": (*RECSYS, "hydra.run.dir=recorded"),
    "recommend": (*RECSYS, "recommend", "--model", "run", "--user", "1"),
    "report": (*RECSYS, "report", "sweep"),
}
# Two trials whose report is then drawn again.
SWEEP = (
    *RECSYS, "-m", "hydra/sweeper=optuna", "apriori.min_support=interval(0.2,0.3)",
    "hydra.sweeper.n_trials=2", "hydra/callbacks=untracked", "hydra.sweep.dir=sweep",
)  # fmt: skip
# Runs a line of a target of the Makefile, and notes its seconds.
SHELL = """\
#!{python}
import subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(["/bin/sh", *sys.argv[1:]])
with open({log!r}, "a", encoding="utf-8") as file:
    print(round(time.perf_counter() - start, 2), " ".join(sys.argv[-1].split()), sep="\\t", file=file)
sys.exit(code)
"""


def start(arguments: argparse.Namespace) -> dict[str, Any]:
    """Start each command in turns, and run the targets of the first use."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {name: COMMANDS[name] for name in arguments.commands}
        if "report" in commands:
            seconds_of(SWEEP, folder)
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, words in commands.items():
                seconds[name].append(seconds_of(words, folder))
        stages = first_use(Path(folder), arguments.targets) if arguments.first_use else []
    return {"machine": machine(), "commands": seconds, "first_use": stages}


def seconds_of(words: Sequence[str], folder: str) -> float:
    """Run Python with these words; return the seconds, or exit with its error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    begin = perf_counter()
    run([sys.executable, *words], folder, environment)
    return perf_counter() - begin


def first_use(folder: Path, targets: Sequence[str]) -> list[tuple[str, str, float]]:
    """Clone the project and make targets in the clone; return target, command and seconds of each stage."""
    clone, log, shell = folder / "clone", folder / "seconds", folder / "shell"
    run(["git", "clone", "--quiet", str(ROOT), str(clone)], str(folder), dict(os.environ))
    shell.write_text(SHELL.format(python=sys.executable, log=str(log)), encoding="utf-8")
    shell.chmod(0o700)
    stages = []
    for target in targets:
        log.write_text("", encoding="utf-8")
        begin = perf_counter()
        run(["make", target, f"SHELL={shell}"], str(clone), dict(os.environ))
        wall = perf_counter() - begin
        for line in log.read_text(encoding="utf-8").splitlines():
            seconds, command = line.split("\t")
            stages.append((target, command, float(seconds)))
        stages.append((target, "in all", round(wall, 2)))
    return stages


def run(command: Sequence[str], folder: str, environment: dict[str, str]) -> None:
    """Run a command, or exit with its error."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def start_tables(figures: dict[str, Any]) -> str:
    """Format the figures of `start` as tables."""
    lines = ["| command | best s | median s |", "|---|---:|---:|"]
    for name, seconds in figures["commands"].items():
        lines.append(f"| {name} | {min(seconds):.2f} | {statistics.median(seconds):.2f} |")
    if figures["first_use"]:
        lines += ["", "| make | command | s |", "|---|---|---:|"]
        for target, command, seconds in figures["first_use"]:
            lines.append(f"| {target} | `{command[:90]}` | {seconds:.1f} |".replace("`in all`", "in all"))
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `start` to the command line."""
    one = commands.add_parser("start", help="start of each command, and the first use by stage")
    one.add_argument("--rounds", type=int, default=3)
    one.add_argument("--commands", nargs="*", choices=COMMANDS, default=list(COMMANDS))
    one.add_argument("--first-use", action="store_true", help="clone, and make the targets there")
    one.add_argument("--targets", nargs="+", default=["setup", "sweep"])
    one.set_defaults(measure=start, tables=start_tables)
