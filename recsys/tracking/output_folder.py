"""The output folder: whether it can be written, asked before anything is computed, and no secrets in it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from hydra_plugins.recsys_optuna_sweeper.safe_text import mask_values, masked_yaml
from recsys.trials import LINKS_FILE
from recsys.whole_file import write_whole

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
        """Remove the results of an earlier run from a folder that is used again: this one may fail.

        Hydra has just written its files, with what was typed; secrets in them are masked.
        """
        folder = Path(config.hydra.runtime.output_dir)
        for name in RESULTS:
            (folder / name).unlink(missing_ok=True)
        files = (
            [Path(config.hydra.sweep.dir, "multirun.yaml")] if config.hydra.mode == RunMode.MULTIRUN else []
        )
        if config.hydra.output_subdir is not None:
            files += (folder / config.hydra.output_subdir).glob("*.yaml")
        for path in files:
            _mask(path)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Mask secrets in the overrides of a job, which Hydra prints if it has failed."""
        if job_return.overrides is not None:
            job_return.overrides = mask_values(list(job_return.overrides))


def _mask(path: Path) -> None:
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    without = masked_yaml(text)
    if without != text:
        write_whole(path, without)


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
