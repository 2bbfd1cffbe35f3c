"""Benchmarks: python scripts/benchmark.py PART [--help].

Parts: sweep | mining | growth | scale | workers | serve | lists | table | explorer
| storage | start.

`sweep` runs trials whose job does nothing: the cost of a trial beside its work. The time runs from the
creation of the sweeper to the end of the sweep. Each variant runs in a process of its own; the variants
alternate, and the best round counts, because other work on the machine can only add time; it adds little to
the processor time, which is shown too. The search for equivalent trials is off, because it loads the
ratings; no report is drawn, because the official sweeper draws none. With tracking on, each sweep waits
once for the import of MLflow; `--further 120` gives the time of a further trial without it. `--official` is
a Python interpreter with hydra-optuna-sweeper:

    python -m venv official && official/bin/pip install --pre hydra-optuna-sweeper==1.4.0rc3
    python scripts/benchmark.py sweep --official official/bin/python

Then `experiment=seed_sweep` runs from the shell, and its seconds are shown by stage.
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

import benchmark_explorer
import benchmark_lists
import benchmark_mining
import benchmark_scale
import benchmark_serve
import benchmark_start
import benchmark_storage
import benchmark_table
import benchmark_workers

ROOT = Path(__file__).resolve().parents[1]
TRACKED = "this sweeper, tracking on"
SWITCH = "OPTUNA_SWEEPER_PLAIN_LAUNCHER"

# The job writes the file that tracking reads. Optuna is imported before the clock starts.
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
    """One variant of running a sweep.

    Attributes
    ----------
    name : str
    python : str
        The interpreter.
    overrides : tuple of str
    environment : dict of str to str
    milliseconds, processor : list of float
        Wall and processor time of a trial, one value per round.
    further : list of float
        Milliseconds of a further trial in a longer sweep, without the one-off cost of a sweep.
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
    """Compare the variants; return the figures."""
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
            took = f"{way.milliseconds[-1]:.1f} ms per trial, processor {way.processor[-1]:.1f} ms"
            took += f", further trial {way.further[-1]:.1f} ms" if way.further else ""
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
    """Run a sweep of empty trials, and a longer one; record the milliseconds of a trial."""
    seconds, processor = time_empty(way, trials)
    way.milliseconds.append(1000 * seconds / trials)
    way.processor.append(1000 * processor / trials)
    if further:
        way.further.append(1000 * (time_empty(way, trials + further)[0] - seconds) / further)


def time_empty(way: Way, trials: int) -> tuple[float, float]:
    """Run a sweep of empty trials; return its wall and processor seconds."""
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
        words = output_of(command, folder, environment).rpartition("seconds ")[2].split()
    return float(words[0]), float(words[1])


def official_conf(folder: Path) -> Path:
    """Write the configuration of recsys with the settings of the official sweeper and no callbacks."""
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
    """Run `experiment=seed_sweep` twice from the shell; return the seconds of the second run by stage."""
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
    """Run a command; return its output, or exit with its error."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def sweep_tables(figures: dict[str, object]) -> str:
    """Format the figures of `sweep` as tables."""
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
    one = commands.add_parser("sweep", help="cost of a trial beside its work, and experiment=seed_sweep")
    one.add_argument("--official", metavar="PYTHON", help="a Python interpreter with hydra-optuna-sweeper")
    one.add_argument("--trials", type=int, default=60)
    one.add_argument("--rounds", type=int, default=3)
    one.add_argument("--ways", metavar="NAME", nargs="+", help="variants whose name contains one of these")
    one.add_argument("--further", type=int, default=0, help="also time a sweep with so many more trials")
    one.add_argument("--no-seed-sweep", dest="seed_sweep", action="store_false", help="empty trials only")
    one.add_argument("--dataset", default="ml_latest_small_2016", help="dataset of experiment=seed_sweep")
    one.set_defaults(measure=sweep, tables=sweep_tables)
    benchmark_explorer.add_commands(commands)
    benchmark_lists.add_commands(commands)
    benchmark_mining.add_commands(commands)
    benchmark_scale.add_commands(commands)
    benchmark_serve.add_commands(commands)
    benchmark_start.add_commands(commands)
    benchmark_storage.add_commands(commands)
    benchmark_table.add_commands(commands)
    benchmark_workers.add_commands(commands)
    for command in commands.choices.values():
        command.add_argument("--markdown", metavar="FILE", type=Path, help="write the tables there")
        command.add_argument("--json", metavar="FILE", type=Path, help="write the figures there")
    options = parser.parse_args(arguments)
    # Exit as after Ctrl-C, so that started servers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    figures = options.measure(options)
    text = options.tables(figures)
    print(f"\n{text}", end="")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
