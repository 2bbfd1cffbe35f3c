"""The wheel holds all that a run needs: package, sweeper, configuration and data."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The unpacked wheel: what an installation puts into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site-packages")
    return folder / "site-packages"


def recsys(installed, folder, *arguments, how=("-m", "recsys")):
    """Run the wheel's package from a folder that has nothing of the project."""
    # The path comes before that of the editable installation, which is the repository.
    return subprocess.run(
        [sys.executable, *how, *arguments],
        cwd=folder,
        # Uncompiled: to compile the kernels anew, where they never were, takes half a minute.
        env=os.environ | {"PYTHONPATH": str(installed), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_it_composes_the_same_configuration(installed, tmp_path):
    question = ["--cfg", "job", "experiment=seed_sweep"]
    at_home = subprocess.run(
        [sys.executable, "-m", "recsys", *question], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert recsys(installed, tmp_path, *question) == at_home.stdout
    assert str(installed / "recsys" / "conf") in recsys(installed, tmp_path, "--info", "searchpath")


def test_it_sweeps_from_python(installed, tmp_path):
    how = "-c", "import recsys, sys; print(recsys.sweep(*sys.argv[1:]))"
    few = ["hydra.sweeper.n_trials=2", "apriori.min_support=interval(0.2,0.3)"]
    outcome = recsys(installed, tmp_path, "experiment=seed_sweep", *few, "hydra/callbacks=untracked", how=how)
    assert "Best trials" in outcome
    assert "Sweep('multirun/" in outcome
    assert len(list(tmp_path.glob("multirun/*/*/*/metrics.json"))) == 2


def test_it_holds_licence_and_terms_but_no_tests(installed):
    names = {path.relative_to(installed).as_posix() for path in installed.rglob("*")}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "recsys/datasets/data/ml-latest-small-2016/README.md" in names
    for package in ("recsys/conf", "recsys/interactive/conf"):
        assert f"{package}/__init__.py" in names  # of modules that Hydra finds by their names
    assert {"recsys/conf/config.yaml", "recsys/interactive/conf/hydra/job_logging/default.yaml"} <= names
    assert not any(name.split("/")[0] in ("tests", "scripts", "multirun") for name in names)
