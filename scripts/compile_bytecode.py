"""Compile the byte code of locked requirements, in parallel.

    .venv/bin/python scripts/compile_bytecode.py requirements.txt

Where Python may not write byte code later, each process would compile it again: in a read-only installation,
and with PYTHONDONTWRITEBYTECODE. Tests of the requirements are left out. `python -m compileall -j 0` takes
nearly twice as long on two processors.
"""

import re
import sys
from collections.abc import Iterator
from compileall import compile_file
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path


def main(requirements: str) -> int:
    """Compile what is installed of the requirements; return the exit code."""
    names = re.findall(r"^[\w.-]+", Path(requirements).read_text(encoding="utf-8"), flags=re.M)
    modules = sorted({module for name in names for module in modules_of(name)})
    with ProcessPoolExecutor() as pool:
        compiled = pool.map(partial(compile_file, quiet=1), modules, chunksize=16)
    return 0 if all(compiled) else 1


def modules_of(requirement: str) -> Iterator[str]:
    """Return the modules of a requirement, of none if it is for another system."""
    try:
        found = files(requirement) or []
    except PackageNotFoundError:
        return
    for path in found:
        if path.suffix == ".py" and not {"test", "tests"}.intersection(path.parts):
            yield str(path.locate())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
