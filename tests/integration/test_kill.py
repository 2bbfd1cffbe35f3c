"""A sweep that is killed again and again, and continued, ends as one that was left alone."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS
from tests.integration.records import check_records, wait_for_senders

QUESTION = "{apriori.min_support:0.2,apriori.metric:lift}"
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra.sweeper.study_name=s",
    "hydra.sweeper.n_trials=30",
    "apriori.min_support=interval(0.1,0.5)",
    "apriori.metric=choice(lift,confidence)",
    "evaluation=none",
    "output.show_rules=0",
    # The second is answered by the first.
    f"hydra.sweeper.enqueue=[{QUESTION},{QUESTION}]",
]

# Runs the application until the so manyth call of a function, and is killed there.
KILLER = """
import os, signal, sys
from importlib import import_module
from pathlib import Path

place, number, moment = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
module, _, path = place.partition(":")
*owners, name = path.split(".")
owner = import_module(module)
for attribute in owners:
    owner = getattr(owner, attribute)
original, calls = getattr(owner, name), []

def die():
    if moment == "with its sender":
        for process in Path("/proc").glob("[0-9]*/stat"):
            if process.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                os.kill(int(process.parent.name), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

def half(self_or_path, content):
    if place.endswith("append_logs"):
        import json
        line = json.dumps(content[0], separators=(",", ":"))
        with open(self_or_path._file_path, "a") as file:
            file.write(line[: len(line) // 2])
    else:
        self_or_path.with_name(f".{self_or_path.name}.half").write_text(content[: len(content) // 2])

def deadly(*args, **kwargs):
    calls.append(place)
    if len(calls) != number:
        return original(*args, **kwargs)
    if moment == "after":
        original(*args, **kwargs)
    elif moment == "amid":
        half(*args)
    die()

setattr(owner, name, deadly)
from recsys.__main__ import main
main()
"""

SWEEPER = "optuna_sweeper"
MOMENTS = [
    (f"{SWEEPER}.study.journal:JournalFile.append_logs", 1, "amid"),  # the study is being made
    ("recsys.pipeline:run", 2, "before"),  # in a job
    (f"{SWEEPER}.workers.trial_allocation:enqueue_again", 1, "before"),  # what a kill left is being mended
    (f"{SWEEPER}.batch:BatchRunner._choose", 3, "before"),  # asked, nothing chosen
    (f"{SWEEPER}.batch:BatchRunner._launch", 3, "before"),  # asked, not launched
    (f"{SWEEPER}.batch:BatchRunner._tell", 3, "before"),  # the job is over, the study was not told
    (f"{SWEEPER}.batch:BatchRunner._tell", 3, "after"),  # told, no file says so
    (f"{SWEEPER}.results.files:atomic_write", 5, "amid"),  # half of the results is written
    (f"{SWEEPER}.study.journal:JournalFile.append_logs", 20, "amid"),  # half a line of the journal
    ("os:link", 5, "before"),  # what MLflow is to be told is written, but not in the queue
    ("recsys.pipeline:run", 2, "with its sender"),  # as when the power fails
]


def run(folder: Path, *command: str) -> int:
    with (folder / "log.txt").open("a") as log:
        done = programs.run(
            [sys.executable, *WARNINGS_ARE_ERRORS, *command],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode


def test_a_sweep_killed_at_many_moments_ends_as_if_it_never_was(tmp_path):
    log = tmp_path / "log.txt"
    for number, moment in enumerate(MOMENTS):
        # Half of the time into a folder that the one before has used, and may still be telling MLflow about.
        folder = ["hydra.sweep.dir=multirun/same"] if number < len(MOMENTS) / 2 else []
        code = run(tmp_path, "-c", KILLER, *map(str, moment), *SWEEP, *folder)
        assert code == -signal.SIGKILL, (moment, log.read_text())
    assert run(tmp_path, "-m", "recsys", *SWEEP) == 0, log.read_text()
    wait_for_senders(tmp_path)
    tables = sorted((tmp_path / "multirun").rglob("trials.csv"), key=os.path.getmtime)
    check_records(tmp_path, tables[-1].parent, total=30)
    with tables[-1].open() as file:
        assert any(row["answered_from"] for row in csv.DictReader(file))
