"""The sweeper's own wheel, in an environment that has nothing but what the wheel requires."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import ROOT, WARNINGS_ARE_ERRORS
from tests.optuna_sweeper.test_examples import GRID, PROGRAM

REQUIREMENTS = {"hydra-core", "optuna"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The interpreter and the packages of a virtual environment with the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("wheel")
    # -P: the modules of the folder are not those that hatchling imports.
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT / "optuna_sweeper", check=True, capture_output=True)
    venv.create(folder / "venv", symlinks=True)
    interpreter = folder / "venv/bin/python"
    show = [interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.check_output(show, text=True).strip())
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (metadata,) = packages.glob("hydra_recsys_optuna_sweeper-*.dist-info")
    for one in closure(Distribution.at(metadata), set()):
        for name in {Path(file).parts[0] for file in one.files or []} - {"..", "__pycache__"}:
            if not (packages / name).exists():
                (packages / name).symlink_to(Path(str(one.locate_file(name))))
    return interpreter, packages


def closure(package: Distribution, seen: set[str]) -> Iterator[Distribution]:
    """Yield the distributions that one requires, without its extras, and those that they require."""
    for requirement in map(Requirement, package.requires or []):
        name = re.sub("[-_.]+", "-", requirement.name).lower()
        if name not in seen and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            seen.add(name)
            yield distribution(name)
            yield from closure(distribution(name), seen)


def test_it_requires_hydra_and_optuna(installed: tuple[Path, Path]) -> None:
    (metadata,) = installed[1].glob("hydra_recsys_optuna_sweeper-*.dist-info")
    package = Distribution.at(metadata)
    required = [one for one in map(Requirement, package.requires or []) if one.marker is None]
    assert {one.name for one in required} == REQUIREMENTS
    # The same versions as recsys, which holds the same packages.
    recsys = {
        Requirement(text).name: Requirement(text).specifier
        for text in distribution("recsys-rules").requires or []
    }
    assert {one.name: one.specifier for one in required} == {name: recsys[name] for name in REQUIREMENTS}


@pytest.mark.parametrize("storage", ["null", "journal:study.log", "sqlite:///study.db"])
def test_the_official_example(installed: tuple[Path, Path], tmp_path: Path, storage: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/config.yaml").write_text(GRID)
    (tmp_path / "app.py").write_text(PROGRAM.format(version=None, returned="cfg.x**2 + cfg.y**2"))
    done = subprocess.run(
        [installed[0], "-E", *WARNINGS_ARE_ERRORS, "app.py", "-m", f"hydra.sweeper.storage={storage}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = yaml.safe_load((tmp_path / "out/optimization_results.yaml").read_text())
    assert found["n_trials"] == {"complete": 20, "pruned": 0, "fail": 0}


def test_nothing_else_is_there(installed: tuple[Path, Path]) -> None:
    others = ["recsys", "mlflow", "pandas", "numba", "scipy", "fastapi"]
    look = f"from importlib.util import find_spec; print([name for name in {others} if find_spec(name)])"
    assert subprocess.check_output([installed[0], "-I", "-c", look], text=True) == "[]\n"
    names = {path.relative_to(installed[1]).parts[0] for path in installed[1].glob("*")}
    assert {"optuna_sweeper", "hydra_plugins"} <= names
    assert (installed[1] / "optuna_sweeper/LICENSE").read_text() == (ROOT / "LICENSE").read_text()
