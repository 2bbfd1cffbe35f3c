"""Can the output folder be written? Asked before anything is computed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recsys.trials import LINKS_FILE

RESULTS = ("metrics.json", "data.json", "rules.parquet", "rules.csv", "itemsets.parquet", LINKS_FILE)


class OutputFolderCallback(Callback):
    """See to the output folder: end with a one-line error, exit code 1, where it cannot be made or written.

    Hydra makes the folder outside of the task function, where its failure is a traceback.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check `hydra.run.dir`."""
        _require_writable("hydra.run.dir", config.hydra.run.dir)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check `hydra.sweep.dir`."""
        _require_writable("hydra.sweep.dir", config.hydra.sweep.dir)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Remove the results of an earlier run from a folder that is used again: this one may fail."""
        for name in RESULTS:
            Path(config.hydra.runtime.output_dir, name).unlink(missing_ok=True)


def _require_writable(key: str, folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        # Hydra makes a warning of an exception in a callback; an exit it lets through.
        sys.exit(
            f"{key} must be a folder that can be written. Got {folder!r} ({error.strerror}). "
            f"Set another, for example {key}=results."
        )
