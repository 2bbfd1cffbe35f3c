"""Three processes share a study, and one of them is killed: the records agree, and the total is exact."""

import signal
import subprocess
import sys
from pathlib import Path

from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS
from tests.integration.records import check_records, wait_for_senders

TOTAL = 12
# The last is the first: most often that is answered by then, whoever was given it.
SUPPORTS = [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.15, 0.2]
QUESTIONS = ",".join(f"{{apriori.min_support:{support},apriori.metric:lift}}" for support in SUPPORTS)
SWEEP = [
    "-m",
    "hydra/sweeper=optuna",
    "hydra.sweeper.study_name=s",
    f"hydra.sweeper.n_trials={TOTAL}",
    "apriori.min_support=interval(0.1,0.5)",
    "apriori.metric=choice(lift,confidence)",
    "evaluation=none",
    "output.show_rules=0",
    f"hydra.sweeper.enqueue=[{QUESTIONS}]",
]

# The application. At the end of its second job, before the study is told, it is killed with SIGKILL, or waits
# until another is: on a slow day nothing would be left for that one to do.
PROGRAM = """
import os, signal, sys
from recsys import pipeline
run, calls, killed = pipeline.run, [], sys.argv.pop(1) == "killed"
def second(*args, **kwargs):
    calls.append(run(*args, **kwargs))
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL) if killed else sys.stdin.read()
    return calls[-1]
pipeline.run = second
from recsys.__main__ import main
main()
"""


def start(folder: Path, number: int, word: str) -> subprocess.Popen:
    with (folder / f"log{number}.txt").open("w") as log:
        command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", PROGRAM, word, *SWEEP]
        command.append(f"hydra.sweep.dir=multirun/here/{number}")
        return programs.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
        )


def test_three_processes_one_killed(tmp_path):
    processes = [start(tmp_path, number, "waits" if number else "killed") for number in range(3)]
    codes = [process.wait() for process in processes[:1]]
    for process in processes:
        process.stdin.close()
    codes += [process.wait() for process in processes[1:]]
    told = "\n".join((tmp_path / f"log{number}.txt").read_text() for number in range(3))
    assert codes == [-signal.SIGKILL, 0, 0], told
    assert "cannot be reached" not in told
    assert "refuses" not in told
    wait_for_senders(tmp_path)
    for number in (1, 2):
        check_records(tmp_path, tmp_path / f"multirun/here/{number}", TOTAL)
