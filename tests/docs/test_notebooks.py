"""The notebooks of the documentation run without errors and warnings, and hold the outputs of such a run."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from scripts import run_notebooks

NOTEBOOKS = {path.stem: path for path in sorted(run_notebooks.NOTEBOOKS.glob("*.ipynb"))}
# What outputs of one machine and one run would hold: paths, the time of day, durations, ids of MLflow.
OF_ONE_RUN = re.compile(r"/(home|root|tmp|work)/|\d\d:\d\d:\d\d| in \d+\.\d+ s\b|\b[0-9a-f]{32}\b")


def test_there_are_four() -> None:
    assert len(NOTEBOOKS) == 4


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook(name: str, tmp_path: Path) -> None:
    committed = nbformat.read(NOTEBOOKS[name], as_version=4)
    ran = run_notebooks.run(copy.deepcopy(committed), tmp_path)  # raises the error of a cell
    for cell, before in zip(ran.cells, committed.cells, strict=True):
        assert kinds(cell) == kinds(before), f"{cell.source}\n\nWrite the outputs again: make notebooks"
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text
            assert "Warning" not in str(output.get("text", ""))

    outputs = [output for cell in committed.cells for output in cell.get("outputs", [])]
    texts = [output.get("data", {}).get(kind, "") for output in outputs for kind in run_notebooks.TEXTS]
    for text in [*texts, *(output.get("text", "") for output in outputs)]:
        assert not OF_ONE_RUN.search(text), text


def kinds(cell: NotebookNode) -> list[list[str]]:
    """Return what each output of a cell is: a stream, or the types of its data."""
    return [sorted(output.get("data", ["stream"])) for output in cell.get("outputs", [])]
