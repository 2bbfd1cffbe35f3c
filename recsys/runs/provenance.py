"""Provenance of a run: user, command line, program and commit."""

import getpass
import shlex
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def provenance() -> dict[str, str]:
    """Return tags, with MLflow's names where they exist."""
    # `python -m recsys` leaves the path of __main__.py in argv[0].
    name = "python -m recsys" if Path(sys.argv[0]).name == "__main__.py" else Path(sys.argv[0]).name
    tags = {
        "command": shlex.join([*shlex.split(name), *sys.argv[1:]]),
        "mlflow.source.name": name,
        "mlflow.source.type": "LOCAL",
        "mlflow.user": _user(),
    }
    commit = _git("rev-parse", "HEAD")
    # A wheel in a virtual environment may lie inside an unrelated repository.
    if commit and _git("ls-files", Path(__file__).name, at=Path(__file__).parent):
        tags["mlflow.source.git.commit"] = commit
        tags["git.dirty"] = str(bool(_git("status", "--porcelain", "--untracked-files=no"))).lower()
    return tags


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user id without a name
        return "unknown"


def _git(*arguments: str, at: Path = PACKAGE) -> str:
    """Return the output of git; empty if there is no git or no repository."""
    try:
        return subprocess.check_output(
            ["git", *arguments], cwd=at, stderr=subprocess.DEVNULL, text=True, timeout=10
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return ""
