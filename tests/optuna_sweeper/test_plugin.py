"""The application as a program: start-up, exit codes, Hydra's own lists."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import programs
from tests.conftest import WARNINGS_ARE_ERRORS

PROGRAM = """
import sys
import hydra

@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(cfg):
    if cfg.word == "raise":
        raise ValueError("no data")
    return cfg.x ** 2

if __name__ == "__main__":
    try:
        main()
    finally:
        print("imported:", [name for name in ("optuna", "tqdm") if name in sys.modules])
"""


@pytest.fixture
def run(app: Any) -> Any:
    (app.folder / "app.py").write_text(PROGRAM)

    def call(*arguments: str, start: Any = programs.run) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *WARNINGS_ARE_ERRORS, str(app.folder / "app.py"), *arguments]
        done: subprocess.CompletedProcess[str] = start(
            command, cwd=app.folder, capture_output=True, text=True, check=False
        )
        return done

    return call


def test_help_imports_neither_optuna_nor_tqdm(run: Any) -> None:
    done = run("--help", start=subprocess.run)
    assert done.returncode == 0
    assert "imported: []" in done.stdout


def test_a_sweep(run: Any, app: Any) -> None:
    done = run("-m", "x=interval(0,1)", "hydra.sweeper.n_trials=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Best trials" in done.stdout
    assert app.results["n_trials"]["complete"] == 2


def test_a_failing_job(run: Any, app: Any) -> None:
    done = run("-m", "x=interval(0,1)", "word=raise")
    assert done.returncode == 1
    assert "ValueError: no data" in done.stderr
    assert "max_failure_rate=0" in done.stdout
    assert app.results["n_trials"]["fail"] == 2


def test_a_refusal_is_one_line(run: Any) -> None:
    done = run("-m", "x=interval(1,0)")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "x=interval(1,0): the interval must go from a lower to a higher number. Got 1.0 to 0.0."
    )
    assert "Traceback" not in done.stderr


def test_nothing_but_hydra_and_optuna_is_known() -> None:
    package = Path(__file__).parents[2] / "hydra_plugins" / "recsys_optuna_sweeper"
    assert not (package.parent / "__init__.py").exists()
    source = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    assert not any(
        f"import {name}" in source or f"from {name}" in source for name in ("mlflow", "pandas", "recsys.")
    )
