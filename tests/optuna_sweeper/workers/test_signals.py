"""Ctrl-C and SIGTERM for real: sent to a program, and by the terminal to all processes of its group."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS

# Each job calls the test, says who it is, and ends when the test hangs up.
PROGRAM = """
import os
import socket
import hydra
from hydra.core.hydra_config import HydraConfig

@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(cfg):
    with socket.create_connection(("127.0.0.1", cfg.port)) as call:
        call.sendall(b"%d %d" % (HydraConfig.get().job.num, os.getpid()))
        call.recv(1)
    return cfg.x ** 2

if __name__ == "__main__":
    main()
"""
SPACE = ("x=interval(0,1)", "hydra.sweeper.n_trials=6")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2")
ALONE = ("hydra.sweeper.n_jobs=1",)
ONCE, TERMINATE = "Ctrl-C: stopping when the running trials are finished", "SIGTERM: stopping when"


class Program:
    """The program, started in a group of its own, as a shell does."""

    def __init__(self, app: Any, *overrides: str) -> None:
        (app.folder / "app.py").write_text(PROGRAM)
        self.line = socket.create_server(("127.0.0.1", 0))
        self.line.settimeout(60)
        self.port = f"+port={self.line.getsockname()[1]}"
        self.calls: list[socket.socket] = []
        self.output = ""
        self.process = programs.Popen(
            [sys.executable, *WARNINGS_ARE_ERRORS, "app.py", "-m", *SPACE, *overrides, *app.kept, self.port],
            cwd=app.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def jobs(self, count: int) -> dict[int, int]:
        """Wait for so many jobs to begin; the number of each, and its process."""
        self.calls = [self.line.accept()[0] for _ in range(count)]
        words = [call.recv(99).split() for call in self.calls]
        return {int(one[0]): int(one[1]) for one in words if one}  # of one that is killed nothing comes

    def finish(self) -> None:
        """Let the jobs go on to their end."""
        for call in self.calls:
            call.close()

    def press(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send a signal to all processes of the group."""
        os.killpg(self.process.pid, number)

    def read_until(self, text: str) -> None:
        assert self.process.stdout
        patience = threading.Timer(60, self.press, [signal.SIGKILL])
        patience.start()
        try:
            for line in self.process.stdout:
                self.output += line
                if text in line:
                    return
        finally:
            patience.cancel()
        raise AssertionError(f"not said: {text}\n{self.output}")

    def end(self) -> int:
        self.output += self.process.communicate(timeout=60)[0]
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.press(signal.SIGKILL)
            self.process.communicate()
        self.finish()
        self.line.close()


@pytest.fixture
def start(app: Any) -> Iterator[Any]:
    started: list[Program] = []

    def start(*overrides: str) -> Program:
        started.append(Program(app, *overrides))
        return started[-1]

    yield start
    for program in started:
        program.close()


@pytest.mark.parametrize(("launcher", "n_jobs"), [(ALONE, 1), (JOBLIB, 2)], ids=["basic", "joblib"])
@pytest.mark.parametrize(
    ("number", "said", "code"), [(signal.SIGINT, ONCE, 130), (signal.SIGTERM, TERMINATE, 143)]
)
def test_once(
    app: Any, start: Any, launcher: tuple[str, ...], n_jobs: int, number: signal.Signals, said: str, code: int
) -> None:
    program = start(*launcher)
    program.jobs(n_jobs)
    if number == signal.SIGINT:
        program.press()
    else:  # a scheduler ends the one process that it has started
        program.process.send_signal(number)
    program.read_until(said)
    program.finish()
    assert program.end() == code, program.output
    assert "Traceback" not in program.output
    assert f"Interrupted with {n_jobs} of 6 trials finished. To continue it: " in program.output
    assert [trial.state for trial in app.study().trials] == [TrialState.COMPLETE] * n_jobs
    assert app.results["ended_by"] == "interrupt"


@pytest.mark.parametrize(("launcher", "n_jobs"), [(ALONE, 1), (JOBLIB, 2)], ids=["basic", "joblib"])
def test_twice(app: Any, start: Any, launcher: tuple[str, ...], n_jobs: int) -> None:
    program = start(*launcher)
    jobs = program.jobs(n_jobs)
    program.press()
    program.read_until(ONCE)
    program.press()
    assert program.end() == 130, program.output  # which waits for all that hold its output: the jobs, too
    assert not any(Path(f"/proc/{pid}").exists() for pid in jobs.values())
    assert "Traceback" not in program.output
    assert "Interrupted with 0 of 6 trials finished. To continue it: " in program.output
    assert [trial.state for trial in app.study().trials] == [
        *[TrialState.FAIL] * n_jobs,
        *[TrialState.WAITING] * n_jobs,  # to be asked again
    ]
    assert app.results["n_trials"] == {"complete": 0, "pruned": 0, "fail": 0, "discarded": n_jobs}


def test_the_jobs_die_of_it(app: Any, start: Any) -> None:
    """As with a scheduler that ends all processes of a group at once."""
    program = start(*JOBLIB)
    program.jobs(2)
    program.press(signal.SIGTERM)
    assert program.end() == 143, program.output
    assert "Traceback" not in program.output
    assert "The running trials did not finish: " in program.output
    assert {trial.state for trial in app.study().trials} == {TrialState.FAIL, TrialState.WAITING}
    assert app.results["ended_by"] == "interrupt"


def test_before_the_first_trial(app: Any, start: Any) -> None:
    """Processes that a launcher has just started do not ignore Ctrl-C yet."""
    program = start(*JOBLIB)
    program.read_until("Launching jobs")
    program.press()
    program.read_until(ONCE)
    program.line.settimeout(0.1)
    while program.process.poll() is None:  # the jobs that have escaped
        with contextlib.suppress(TimeoutError):
            program.jobs(1)
            program.finish()
    assert program.end() == 130, program.output
    assert not any(trial.state is TrialState.RUNNING for trial in app.study().trials)
    assert app.results["ended_by"] == "interrupt"
