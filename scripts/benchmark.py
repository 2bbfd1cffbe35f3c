"""Measure what the parts cost: python scripts/benchmark.py PART [--help].

The parts: sweep | mining | growth | scale | workers | serve.

`sweep` runs empty trials, whose job does nothing: what a trial costs beside its work. The time runs from the
moment the sweeper exists to the end of the sweep. Each way of running them has a process of its own; the ways
take turns, and the best of the rounds counts, for what else the machine does can only add; it adds little to
the processor time, which is shown too. No job is asked which others it equals, for that loads the ratings,
its work; and no report is drawn at the end, for the official sweeper draws none. With tracking on, each sweep
waits once for MLflow to be imported; `--further 120` tells what a trial takes beside that. `--official` is a
Python that has hydra-optuna-sweeper:

    python -m venv official && official/bin/pip install --pre hydra-optuna-sweeper==1.4.0rc3
    python scripts/benchmark.py sweep --official official/bin/python

Then `experiment=seed_sweep` runs from the shell, and its seconds are told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import benchmark_mining
import benchmark_scale
import benchmark_serve
import benchmark_workers

ROOT = Path(__file__).resolve().parents[1]
TRACKED = "this sweeper, tracking on"
SWITCH = "OPTUNA_SWEEPER_PLAIN_LAUNCHER"

# The job writes what the tracking reads. Optuna is imported before the time runs.
EMPTY = """\
import time
from pathlib import Path
import hydra, optuna, optuna.samplers
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins

@hydra.main(version_base="1.3", config_path={conf!r}, config_name="config")
def main(cfg):
    Path(HydraConfig.get().runtime.output_dir, "metrics.json").write_text('{{"max_lift": 1.0}}')
    return cfg.apriori.min_support

def instantiate(self, **kwargs):
    global start
    sweeper = make(self, **kwargs)
    start = time.perf_counter(), time.process_time()
    return sweeper

make, Plugins.instantiate_sweeper = Plugins.instantiate_sweeper, instantiate
main()
print("seconds", time.perf_counter() - start[0], time.process_time() - start[1])
"""
SWEEPER_OF_OFFICIAL = """\
defaults: [{sampler: tpe}]
_target_: hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper
direction: maximize
n_trials: 60
n_jobs: 1
storage: null
study_name: null
max_failure_rate: 0.0
params: {}
custom_search_space: null
"""


@dataclass
class Way:
    """One way to run a sweep.

    Attributes
    ----------
    name : str
    python : str
        The interpreter.
    overrides : tuple of str
    environment : dict of str to str
    milliseconds, processor : list of float
        What a trial took, and how much of it the processor worked; a round each.
    further : list of float
        Milliseconds of a trial more, in a longer sweep: without what a sweep takes once.
    """

    name: str
    python: str
    overrides: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    further: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """Milliseconds of a trial in the best round."""
        return min(self.milliseconds)


def sweep(arguments: argparse.Namespace) -> dict[str, object]:
    """Compare the ways; return the figures."""
    untracked = "hydra/callbacks=untracked"
    ways = [
        Way("this sweeper, tracking off", sys.executable, (untracked,)),
        Way(TRACKED, sys.executable),
        Way("Hydra's launcher, tracking off", sys.executable, (untracked,), {SWITCH: "1"}),
        Way("Hydra's launcher, tracking on", sys.executable, (), {SWITCH: "1"}),
    ]
    if arguments.official:
        ways.append(Way("official sweeper, no tracking", arguments.official))
    if arguments.ways:
        ways = [way for way in ways if any(name in way.name for name in arguments.ways)]
    for number in range(arguments.rounds):
        for way in ways:
            run_empty(way, arguments.trials, arguments.further)
            took = f"{way.milliseconds[-1]:.1f} ms per trial, of the processor {way.processor[-1]:.1f}"
            took += f", a trial more {way.further[-1]:.1f}" if way.further else ""
            print(f"round {number + 1}: {way.name}: {took}", flush=True)
    rows: dict[str, object] = {}
    tracked = next((way for way in ways if way.name == TRACKED), None)
    for way in ways:
        rows[way.name] = {
            "ms": round(way.best, 1),
            "median_ms": round(statistics.median(way.milliseconds), 1),
            "processor_ms": round(min(way.processor), 1),
            "further_ms": round(statistics.median(way.further), 1) if way.further else None,
            "ratio": round(way.best / ways[0].best, 2),
            "ratio_to_tracked": round(way.best / tracked.best, 2) if tracked else None,
        }
    stages = seed_sweep(arguments.dataset) if arguments.seed_sweep else {}
    return {"trials": arguments.trials, "rounds": arguments.rounds, "empty_trial": rows, "seed_sweep": stages}


def run_empty(way: Way, trials: int, further: int = 0) -> None:
    """Run a sweep of empty trials, and one that has some more; note the milliseconds of a trial."""
    seconds, processor = time_empty(way, trials)
    way.milliseconds.append(1000 * seconds / trials)
    way.processor.append(1000 * processor / trials)
    if further:
        way.further.append(1000 * (time_empty(way, trials + further)[0] - seconds) / further)


def time_empty(way: Way, trials: int) -> tuple[float, float]:
    """Run a sweep of empty trials; return its seconds, and those of the processor."""
    official = "official" in way.name
    with tempfile.TemporaryDirectory() as folder:
        conf = official_conf(Path(folder)) if official else ROOT / "conf"
        script = Path(folder, "empty.py")
        script.write_text(EMPTY.format(conf=str(conf)), encoding="utf-8")
        command = [way.python, str(script), "-m", "experiment=seed_sweep", f"hydra.sweeper.n_trials={trials}"]
        command += ["hydra.sweep.dir=multirun", *way.overrides]
        if not official:
            command += ["hydra.sweeper.equivalence=null", "~hydra.callbacks.report", "~hydra.callbacks.final"]
        environment = os.environ | {"PYTHONPATH": "" if official else str(ROOT)} | way.environment
        environment.pop("MLFLOW_TRACKING_URI", None)
        told = output_of(command, folder, environment).rpartition("seconds ")[2].split()
    return float(told[0]), float(told[1])


def official_conf(folder: Path) -> Path:
    """Return the configuration of recsys with the settings of the official sweeper, and no callbacks."""
    conf = folder / "conf"
    for path in (ROOT / "conf").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT / "conf")
        if name == Path("config.yaml"):
            text = re.sub(r".*override hydra/callbacks.*\n", "", text)
        elif name.parts[0] == "experiment":
            text = re.sub(r".*mode: MULTIRUN\n", "", text)  # Hydra 1.4 takes it in the primary config only
        elif name == Path("hydra/sweeper/optuna.yaml"):
            text = SWEEPER_OF_OFFICIAL
        elif name.parts[:2] == ("hydra", "callbacks"):
            continue
        (conf / name).parent.mkdir(parents=True, exist_ok=True)
        (conf / name).write_text(text, encoding="utf-8")
    return conf


def seed_sweep(dataset: str) -> dict[str, float]:
    """Run the seed's sweep from the shell, twice; return the seconds of the second, by stage."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(2):
            command = [sys.executable, "-m", "recsys", "experiment=seed_sweep", f"dataset={dataset}"]
            command += [f"hydra.sweep.dir=sweep{number}"]
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            environment.pop("MLFLOW_TRACKING_URI", None)
            start = perf_counter()
            output_of(command, folder, environment)
            wall = perf_counter() - start
        start = perf_counter()
        output_of([sys.executable, "-m", "recsys", "--help"], folder, environment)
        stages = {"wall": wall, "of which start-up (--help)": perf_counter() - start}
        for path in Path(folder, "sweep1").glob("*/metrics.json"):
            for name, value in json.loads(path.read_text(encoding="utf-8")).items():
                if name.startswith("seconds_"):
                    stages[name] = stages.get(name, 0.0) + value
        stages["the rest"] = 2 * wall - sum(stages.values())
    return {name: round(seconds, 3) for name, seconds in stages.items()}


def output_of(command: Sequence[str], folder: str, environment: dict[str, str]) -> str:
    """Run a command; return what it printed, or end with what it complained of."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def sweep_tables(figures: dict[str, object]) -> str:
    """Return the figures of `sweep` as tables."""
    rows: dict[str, dict[str, float]] = figures["empty_trial"]  # type: ignore[assignment]
    columns = ["ms", "processor_ms", "ratio", "ratio_to_tracked"]
    if any(row["further_ms"] for row in rows.values()):
        columns.insert(1, "further_ms")
    lines = [f"| {figures['trials']} empty trials | {' | '.join(columns)} |"]
    lines.append("|---|" + "---:|" * len(columns))
    lines += [f"| {name} | {' | '.join(str(row[key]) for key in columns)} |" for name, row in rows.items()]
    stages: dict[str, float] = figures["seed_sweep"]  # type: ignore[assignment]
    if stages:
        lines += ["", "| `experiment=seed_sweep`, second run | seconds |", "|---|---:|"]
        lines += [f"| {name.removeprefix('seconds_')} | {value:.2f} |" for name, value in stages.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")
    one = commands.add_parser("sweep", help="what a trial costs beside its work; seconds of the seed's sweep")
    one.add_argument("--official", metavar="PYTHON", help="an interpreter that has hydra-optuna-sweeper")
    one.add_argument("--trials", type=int, default=60)
    one.add_argument("--rounds", type=int, default=3)
    one.add_argument("--ways", metavar="NAME", nargs="+", help="only those whose names hold one of these")
    one.add_argument("--further", type=int, default=0, help="also time a sweep of so many trials more")
    one.add_argument("--no-seed-sweep", dest="seed_sweep", action="store_false", help="empty trials only")
    one.add_argument("--dataset", default="ml_latest_small_2016", help="of the seed's sweep")
    one.set_defaults(measure=sweep, tables=sweep_tables)
    benchmark_mining.add_commands(commands)
    benchmark_scale.add_commands(commands)
    benchmark_serve.add_commands(commands)
    benchmark_workers.add_commands(commands)
    for command in commands.choices.values():
        command.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables there")
        command.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    asked = parser.parse_args(arguments)
    # As Ctrl-C does, so that what was started, such as servers, is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    figures = asked.measure(asked)
    text = asked.tables(figures)
    print(f"\n{text}", end="")
    if asked.markdown:
        asked.markdown.write_text(text, encoding="utf-8")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
