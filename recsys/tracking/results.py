"""The sweep's results say where MLflow holds them."""

from __future__ import annotations

from pathlib import Path

from recsys.trials import RESULTS_FILE, read_results


def add_links(folder: Path, links: dict[str, str]) -> None:
    """Add ids of MLflow runs to `optimization_results.yaml`, which is whole at any time.

    A sweep over given values, without Optuna, has no such file, and is given none.
    """
    import yaml

    path = folder / RESULTS_FILE
    if not path.exists():
        return
    new = path.with_suffix(".yaml.new")
    content = yaml.safe_dump(read_results(folder) | links, sort_keys=False, allow_unicode=True)
    new.write_text(content, encoding="utf-8")
    new.replace(path)
