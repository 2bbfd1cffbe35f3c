"""mlxtend's own tests of `frequent_patterns`, with the import of this package in place of mlxtend's."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SKIP = (
    "The installed mlxtend has no tests. Those of a checkout of the same version are run with "
    "MLXTEND_TESTS=<checkout>/mlxtend/frequent_patterns/tests."
)


def folder_of_tests() -> Path:
    """Return the folder of mlxtend's tests: $MLXTEND_TESTS, or that of the installed package."""
    spec = find_spec("mlxtend")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent / "frequent_patterns" / "tests"
    return Path(os.environ.get("MLXTEND_TESTS", installed))


def test_they_pass_with_the_import_changed(tmp_path: Path) -> None:
    files = sorted(folder_of_tests().glob("test_*.py"))
    if not files:
        pytest.skip(SKIP)
    for file in files:
        text = file.read_text(encoding="utf-8")
        text = text.replace("from mlxtend.frequent_patterns import", "from recsys.frequent_patterns import")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    # A process of its own: the files import each other, and give warnings that are errors here.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
