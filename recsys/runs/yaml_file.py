"""Read the YAML files of a run's folder."""

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where PyYAML has it


def load_yaml(path: Path) -> Any:
    """Return the content of a YAML file; an empty mapping if it is empty or does not exist."""
    return yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {} if path.exists() else {}
