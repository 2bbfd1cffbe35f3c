"""Check the output folder before a run or sweep, and mask secrets in the files that Hydra writes there."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from optuna_sweeper.atomic_write import atomic_write
from optuna_sweeper.results.schema import LINKS_FILE, STUDY_FILE, TRIAL_FILE
from optuna_sweeper.safe_text import mask_values, masked_yaml
from optuna_sweeper.shell import typed_override
from recsys.runs.files import RUN_FILES, SWEEP_CONFIG_FILE
from recsys.runs.json_file import read_json


class OutputFolderCallback(Callback):
    """Check that the output folder can be used; else end the program with a one-line error.

    The folder must be writable. A sweep's folder belongs to one study, or to one sweep over given values, and
    a job's folder to one trial. A single run may replace an earlier single run.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check `hydra.run.dir`."""
        folder = config.hydra.run.dir
        for name in (SWEEP_CONFIG_FILE, STUDY_FILE, TRIAL_FILE):
            if Path(folder, name).exists():
                _refuse("hydra.run.dir", "a folder that no sweep uses", folder, f"It holds {name}.", "run")
        _require_writable("hydra.run.dir", folder)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check `hydra.sweep.dir`."""
        folder = config.hydra.sweep.dir
        _require_free(folder, OmegaConf.select(config, "hydra.sweeper.study_name"))
        _require_writable("hydra.sweep.dir", folder)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Remove the results of an earlier run, and mask secrets in the files that Hydra has just written."""
        folder, files = Path(config.hydra.runtime.output_dir), []
        # The Optuna sweeper masks its config and claims the folders of its jobs itself.
        if config.hydra.mode == RunMode.MULTIRUN and "study_name" not in config.hydra.sweeper:
            files.append(Path(config.hydra.sweep.dir, SWEEP_CONFIG_FILE))
            _claim(folder, config)
        for name in (*RUN_FILES, LINKS_FILE):
            (folder / name).unlink(missing_ok=True)
        if config.hydra.output_subdir is not None:
            files += (folder / config.hydra.output_subdir).glob("*.yaml")
        for path in filter(Path.exists, files):
            text = path.read_text(encoding="utf-8")
            if (shown := masked_yaml(text)) != text:
                atomic_write(path, shown)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Mask secrets in the overrides of a job, which Hydra prints if it fails."""
        if job_return.overrides is not None:
            job_return.overrides = mask_values(list(job_return.overrides))


def _require_free(folder: str, study: str | None) -> None:
    """End the program if the folder belongs to another sweep; a study may be continued in its own."""
    if Path(folder, STUDY_FILE).exists():
        owner = read_json(Path(folder, STUDY_FILE)).get("study")
        if study is not None and study == owner:
            return
        reason = f"It belongs to the study {owner}."
    elif Path(folder, SWEEP_CONFIG_FILE).exists():
        reason = "It belongs to an earlier sweep."
    else:
        return
    _refuse("hydra.sweep.dir", "a folder that no other sweep uses", folder, reason, study or "2")


def _claim(folder: Path, config: DictConfig) -> None:
    try:
        with (folder / TRIAL_FILE).open("x", encoding="utf-8") as file:
            json.dump({"trial": config.hydra.job.num}, file)
    except FileExistsError:
        written: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
        sys.exit(
            f"hydra.sweep.subdir must give each job a folder of its own. Got {str(folder)!r} for job "
            f"{config.hydra.job.num}, which an earlier job has used. Set another hydra.sweep.dir, and "
            + typed_override("hydra.sweep.subdir", f"{written['subdir']}/${{hydra.job.num}}")
        )


def _refuse(key: str, rule: str, folder: str, reason: str, suffix: str) -> None:
    other = f"{str(folder).rstrip('/')}-{suffix}"
    sys.exit(f"{key} must be {rule}. Got {folder!r}. {reason} Set another: {typed_override(key, other)}")


def _require_writable(key: str, folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        # Hydra turns an exception in a callback into a warning, but not SystemExit.
        sys.exit(
            f"{key} must be a folder that can be written. Got {folder!r} ({error.strerror}). "
            f"Set another, for example {key}=results."
        )
