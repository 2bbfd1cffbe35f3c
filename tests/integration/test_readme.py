"""Every command of the README does what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import programs
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.S)
    for line in block.replace("\\\n", "").splitlines()
]
# Under `make test`, make would speak of levels and folders.
NOT_UNDER_MAKE = {
    name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
}

# Run elsewhere in the tests, or by whoever runs them.
ELSEWHERE = (
    "docker compose up --build --detach",  # needs a Docker engine; see test_containers.py
    "mlflow run . -e reproduce --env-manager local",
    "make reproduce",  # the same program; see test_makefile.py
    "make sweep",
    "make baskets",  # the next two, see test_makefile.py
    "python -m recsys experiment=baskets",  # on a smaller shop in test_baskets.py
    "python -m recsys recommend --latest --user 17 --k 5",
    "make test",
    "python -m recsys experiment=seed_table1 engine=mlxtend",
    "python -m recsys experiment=compare",
    "make serve PORT=8000",
    *[command for command in COMMANDS if command.startswith("curl ")],
)

# With fewer trials than printed, since each takes a second: what follows a command, to override it.
FEWER = {
    "python -m recsys -m hydra/sweeper=optuna hydra.sweeper.n_trials=10 "
    "'apriori.min_support=tag(log, interval(0.05, 0.5))'": ["hydra.sweeper.n_trials=3"],
    "python -m recsys experiment=tune_ranking hydra.sweeper.n_trials=10": ["hydra.sweeper.n_trials=2"],
}


def test_the_readme_has_commands():
    assert len(COMMANDS) >= 8
    assert {*ELSEWHERE, *FEWER} <= set(COMMANDS)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder that looks like a fresh clone to the commands."""
    folder = tmp_path_factory.mktemp("readme")
    for name in (
        "Makefile",
        "recsys",
        "hydra_plugins",
        "optuna_sweeper",
        "conf",
        "scripts",
        "requirements.txt",
        "pyproject.toml",
    ):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ELSEWHERE])
def test_a_command(command, clone):
    if command.startswith("make "):
        # The recipe, without the set-up: its commands with this interpreter.
        recipe = subprocess.run(
            ["make", "-n", "-o", ".venv/installed", *command.split()[1:]],
            cwd=clone, env=NOT_UNDER_MAKE, capture_output=True, text=True, check=True,
        )  # fmt: skip
        (command,) = recipe.stdout.strip().splitlines()
        command = command.replace(".venv/bin/python", shlex.quote(sys.executable))
    program, *words = [*shlex.split(command), *FEWER.get(command, [])]
    if program in ("python", sys.executable) and not set(command) & set("|&;<>$`"):
        done = programs.run([sys.executable, *words], cwd=clone, capture_output=True, text=True)
    else:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=clone,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_the_python_examples(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    untracked = r'\1"hydra/callbacks=untracked", '
    for example in re.findall(r"```python\n(.*?)```", README, flags=re.S):
        quick = example.replace("n_trials=10", "n_trials=2")
        exec(re.sub(r"(recsys\.(?:run|sweep)\()", untracked, quick), {})
    shown = capsys.readouterr().out
    assert "1. Toy Story 2 (1999)\n     100% because you liked Toy Story (1995)" in shown
    assert "report.html" in shown
    assert "{bread}" in shown


def test_the_targets_of_the_makefile_are_explained():
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, env=NOT_UNDER_MAKE, capture_output=True, text=True, check=True
    ).stdout
    for target in ("setup", "sweep", "run", "reproduce", "ui", "test", "lint"):
        assert re.search(rf"make {target}\s+\S", listed)
