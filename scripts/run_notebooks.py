"""Run the notebooks of the documentation and write them with their outputs: `make notebooks`.

Each runs in an empty folder, without the settings of whoever runs it. What differs from run to run, such as
paths, times and numbers of executions, is removed from the outputs: the same code writes the same file.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "docs/notebooks"
SECONDS = 120  # of a cell
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
TEXTS = ("text/plain", "text/html")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the notebooks and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all in docs/notebooks")
    given = parser.parse_args(arguments)
    for path in given.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(nbformat.read(path, as_version=4), Path(folder))
        nbformat.write(notebook, path)
        print(path)


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook in an empty folder and return it with cleaned outputs; raises CellExecutionError."""
    work, home = folder / "work", folder / "home"
    work.mkdir()
    home.mkdir()
    resources = {"metadata": {"path": str(work)}}
    # Over pipes, in a folder whose path is short: over TCP the kernel warns that others could read along.
    with tempfile.TemporaryDirectory() as pipes:
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{pipes}/kernel")
        client = NotebookClient(notebook, kernel, timeout=SECONDS, resources=resources, coalesce_streams=True)
        client.execute(cleanup_kc=True, env=environment(home))
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                _clean(output, work)
    return notebook


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a kernel: that of this process without the settings of its user.

    The caches stay, such as that of fonts, which takes seconds to make.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "RECSYS_", "JUPYTER_", "IPYTHON", "MPL"))
    }
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    own = {name: str(home) for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "XDG_CONFIG_HOME")}
    return kept | own | {"XDG_CACHE_HOME": cache, "PYTHONPATH": paths}


def _clean(output: NotebookNode, work: Path) -> None:
    output.pop("execution_count", None)
    output.get("metadata", {}).clear()
    if "text" in output:
        output.text = without_differences(output.text, work)
    for kind in TEXTS:
        if kind in output.get("data", {}):
            output.data[kind] = without_differences(output.data[kind], work)
    if "image/png" in output.get("data", {}):
        output.data["text/plain"] = "<Figure>"
    output.pop("transient", None)


def without_differences(text: str, work: Path) -> str:
    """Return a text without the paths and the times of one run."""
    text = text.replace(f"{work}{os.sep}", "").replace(sys.executable, "python")
    text = re.sub(r" in \d+\.\d+ s\b", "", text)  # of a run
    return re.sub(r"( trials), \d+:\d\d(?:, about [\d:]+ left)?", r"\1", text)  # of the progress bar


if __name__ == "__main__":
    main()
