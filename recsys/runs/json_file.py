"""Read and write the JSON files of a run's folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna_sweeper.atomic_write import atomic_write


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty if there is no file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object, atomically; NaN and infinity, which JSON does not have, raise a ValueError."""
    atomic_write(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
