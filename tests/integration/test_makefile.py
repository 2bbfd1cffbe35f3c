"""`make ui` and `make dashboard` look where the record is, and say so where they cannot."""

import os
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import ROOT


@pytest.fixture
def make(tmp_path):
    """Run a target in a folder whose environment has programs that print what they are called with."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    programs = tmp_path / "venv/bin"
    programs.mkdir(parents=True)
    for name in ("python", "mlflow", "optuna-dashboard"):
        (programs / name).write_text('#!/bin/sh\necho "called:" "$@"\n')
        (programs / name).chmod(0o755)
    for name in ("requirements.txt", "pyproject.toml", "venv/installed"):
        (tmp_path / name).touch()

    def make(*arguments, **variables):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            ["make", "--no-print-directory", *arguments, "VENV=venv"],
            cwd=tmp_path, env=clean | variables, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return make


def test_the_ui_is_started_with_the_page_of_the_runs(make):
    done = make("ui", "PORT=5001")
    assert done.returncode == 0, done.stderr
    assert "called: -m recsys ui --port 5001" in done.stdout.splitlines()


def test_the_dashboard_opens_the_latest_study(make, tmp_path):
    studies = tmp_path / "multirun/studies"
    studies.mkdir(parents=True)
    for seconds, name in enumerate(("b.log", "a.log")):
        (studies / name).touch()
        os.utime(studies / name, (seconds, seconds))
    done = make("dashboard")
    assert "called: multirun/studies/a.log --port 8080" in done.stdout.splitlines()


def test_without_a_study_there_is_no_dashboard(make):
    done = make("dashboard")
    assert done.returncode != 0
    assert "No study is kept in multirun/studies" in done.stderr


def test_a_sweep_ends_with_a_version_of_its_best_trial(make):
    called = [line for line in make("sweep").stdout.splitlines() if line.startswith("called:")]
    assert called == [
        "called: -m recsys experiment=seed_sweep",
        "called: -m recsys registry register --latest",
    ]


def test_baskets_end_with_recommendations_to_a_customer(make):
    called = [line for line in make("baskets").stdout.splitlines() if line.startswith("called:")]
    assert called == [
        "called: -m recsys experiment=baskets",
        "called: -m recsys recommend --latest --user 17 --k 5",
    ]


def test_reproduce_is_the_entry_point_of_mlproject(make):
    entry = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]["reproduce"]
    program = entry["command"].removeprefix("python ").partition(" --engine")[0]
    assert f"called: {program}" in make("reproduce").stdout.splitlines()
