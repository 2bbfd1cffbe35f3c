"""The progress bar, on a terminal that is drawn here as a terminal would."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import pytest

from optuna_sweeper.jobs.fast_launcher.composer import is_known_hydra
from optuna_sweeper.results.progress_bar import ERASE, ProgressBar
from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS

SPACE = ("x=interval(-1, 1)", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1")


class Terminal(StringIO):
    encoding = ""

    def isatty(self) -> bool:
        return True


def screen(written: str) -> list[str]:
    """Return the lines that a terminal would show, the one with the cursor last."""
    lines = [""]
    column = 0
    for piece in re.split(r"(\x1b\[K|[\r\n])", written.replace("\r\n", "\n")):
        if piece == "\n":
            lines.append("")
            column = 0
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[K":
            lines[-1] = lines[-1][:column]
        else:
            lines[-1] = lines[-1][:column].ljust(column) + piece + lines[-1][column + len(piece) :]
            column += len(piece)
    return lines


@contextmanager
def terminal(encoding: str = "utf-8") -> Iterator[Terminal]:
    """Stand a terminal in for the standard streams; not a fixture, whose streams pytest takes back."""
    terminal = Terminal()
    terminal.encoding = encoding
    with redirect_stdout(terminal), redirect_stderr(terminal):
        yield terminal


@pytest.fixture(autouse=True)
def _not_dumb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def test_what_it_says() -> None:
    now = [10.0]
    with terminal() as shown, ProgressBar(total=8, done=2, clock=lambda: now[0]) as progress:
        now[0] += 4
        progress.update(4, "best: 1.5 in trial 3")
    said = screen(shown.getvalue())[0]
    assert len(said) == 79
    # Two trials in four seconds, the two before them not counted: four more take eight.
    assert re.fullmatch(
        r"Trials: +50%\|█+\S? +\| 4/8 \[00:04<00:08, +2\.00s/trial, best: 1\.5 in trial 3\]", said
    )


def test_more_trials_than_were_asked_for() -> None:
    with terminal() as shown, ProgressBar(total=2) as progress:
        progress.update(3, "")
    assert "2/2" in screen(shown.getvalue())[0]


def test_all_that_is_written_goes_above() -> None:
    with terminal() as shown:
        handler = logging.StreamHandler(sys.stdout)
        logging.root.addHandler(handler)
        try:
            with ProgressBar(total=2) as progress:
                logging.getLogger("job").warning("from the log")
                print("from", "a job")
                print("to the other", file=sys.stderr)
                progress.update(1, "")
                assert sys.stdout.encoding == "utf-8"  # in all else it is the stream
                lines = screen(shown.getvalue())
            assert handler.stream is sys.stdout is sys.stderr is shown
        finally:
            logging.root.removeHandler(handler)
    assert lines[:3] == ["from the log", "from a job", "to the other"]
    assert lines[3].startswith("Trials:  50%")
    assert len(lines) == 4


def test_it_waits_for_the_end_of_a_line() -> None:
    """A job may have a progress bar of its own."""
    with terminal() as shown, ProgressBar(total=2):
        for percent in (1, 50, 100):
            print(f"\rdownload {percent}%", end="", file=sys.stderr)
            assert screen(shown.getvalue()) == [f"download {percent}%"]
        print(file=sys.stderr)
        assert screen(shown.getvalue())[1].startswith("Trials:")


def test_it_leaves_the_line_to_other_processes() -> None:
    with terminal() as shown, ProgressBar(total=2) as progress, progress.paused():
        print("launching")
        shown.write("written by another process\n")
    lines = screen(shown.getvalue())
    assert [line[:7] for line in lines] == ["Trials:", "launchi", "written", "Trials:", ""]


@pytest.mark.parametrize(("wanted", "term"), [(False, "xterm"), (True, "dumb")])
def test_off(monkeypatch: pytest.MonkeyPatch, wanted: bool, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    with terminal() as shown, ProgressBar(total=2, wanted=wanted) as progress:
        assert not progress
        progress.update(1, "")
        with progress.paused():
            print("a line")
    assert shown.getvalue() == "a line\n"


def test_a_terminal_without_unicode() -> None:
    with terminal("ascii") as shown, ProgressBar(total=2, done=1):
        pass
    assert shown.getvalue().isascii()
    assert "###" in shown.getvalue()


PROGRAM = """
import hydra

@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(cfg):
    print("a job prints")
    return cfg.x ** 2

if __name__ == "__main__":
    main()
"""


def run(app: Any, *overrides: str, **streams: Any) -> bytes:
    """Run a sweep as a program whose terminal this is; return all that it wrote there."""
    (app.folder / "app.py").write_text(PROGRAM)
    mine, its = os.openpty()
    terminal = {"stdout": its, "stderr": its, **streams}
    command = [sys.executable, *WARNINGS_ARE_ERRORS, "app.py", "-m", *SPACE, *overrides]
    env = os.environ | {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    program = programs.Popen(command, cwd=app.folder, env=env, **terminal)
    os.close(its)
    written = b""
    while True:
        try:
            written += os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
    os.close(mine)
    assert program.wait() == 0, written.decode()
    return written


@pytest.mark.parametrize("launcher", [(), ("hydra/launcher=joblib", "hydra.launcher.n_jobs=1")])
def test_in_a_terminal(app: Any, launcher: tuple[str, ...]) -> None:
    lines = screen(run(app, *launcher).decode())
    bars = [line for line in lines if "Trials:" in line]
    assert all(line.startswith("Trials:") for line in bars)  # none shares a line with another text
    assert re.search(r" 3/3 \[\d\d:\d\d<00:00, .*, best: \S+ in trial \d\]", bars[-1])
    assert lines.count("a job prints") == 3
    assert sum(bool(re.match(r"\[.*\] (- )?Trial \d: ", line)) for line in lines) == 3
    assert lines.index(bars[-1]) < next(i for i, line in enumerate(lines) if "Best trials" in line)
    if not launcher and is_known_hydra():  # without the launcher in this process the bar pauses
        assert len(bars) == 1


def test_the_log_goes_into_a_file(app: Any) -> None:
    with (app.folder / "log.txt").open("wb") as file:
        drawn = run(app, stdout=file).decode()
    log = (app.folder / "log.txt").read_text()
    assert ERASE not in log
    assert "Trials:" not in log
    assert log.count("a job prints") == 3
    bars = [line for line in screen(drawn) if line]
    assert bars[-1].startswith("Trials: 100%")
    assert len(bars) == 1 or not is_known_hydra()


def test_no_terminal(app: Any) -> None:
    assert run(app, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == b""
