"""Ownership of folders: a sweep's folder belongs to one study, a job's folder to one trial.

The owner is stored in a file, with the id of a worker that is registered in the study: a study of the same
name in another storage is another study.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import SweepError, refusal, unwritable
from optuna_sweeper.results.schema import STUDY_FILE, TRIAL_FILE
from optuna_sweeper.shell import typed_override
from optuna_sweeper.study.attributes import DISCARDED, WORKER
from optuna_sweeper.workers.worker import PREFIX


def claim_sweep_folder(name: str, study: Study, worker_id: str, storage: str) -> Path:
    """Create the folder ``hydra.sweep.dir``, owned by this study, in which the worker is registered."""
    folder, owner = Path(name).absolute(), None
    path = folder / STUDY_FILE
    is_used = (folder / "multirun.yaml").exists()  # checked first: an owner's file is older
    if is_used and not path.exists():
        owner = "another sweep"
    else:
        _write_once(path, {"study": study.study_name, "storage": storage, "worker": worker_id})
        found = json.loads(path.read_text(encoding="utf-8"))
        if f"{PREFIX}{found.get('worker')}" not in study.user_attrs:
            owner = f"the study {found.get('study')} (storage: {found.get('storage')})"
    if owner is not None:
        rule = f"a folder of the study {study.study_name} alone"
        other = typed_override("hydra.sweep.dir", f"{name.rstrip('/')}-{study.study_name}")
        raise refusal("hydra.sweep.dir", rule, name, f"It belongs to {owner}. Set another: {other}")
    return folder


@dataclass(frozen=True)
class JobFolders:
    """The folders of the jobs of a sweep, one for each trial; `subdir` is as written, not resolved."""

    study: Study
    compose: Callable[[Sequence[str]], DictConfig]
    subdir: str

    def claim(self, trial: FrozenTrial, overrides: Sequence[str]) -> None:
        """Create the folder of a running trial; it may have been a discarded trial's, but no other's."""
        folder, owner = self._folder(overrides, trial.number), None
        path = folder / TRIAL_FILE
        record = {"study": self.study.study_name, "trial": trial.number, "worker": trial.user_attrs[WORKER]}
        is_used = folder.is_dir() and any(not file.name.startswith(TRIAL_FILE) for file in folder.iterdir())
        if is_used and not path.exists():
            owner = "something else"
        elif not _write_once(path, record):
            found = json.loads(path.read_text(encoding="utf-8"))
            owners = [
                one.user_attrs
                for one in self.study.get_trials(deepcopy=False)
                if one.number == found["trial"] and one.user_attrs.get(WORKER) == found.get("worker")
            ]
            if any(DISCARDED in one for one in owners):
                path.write_text(json.dumps(record), encoding="utf-8")
            else:
                owner = f"trial {found['trial']} of the study {found['study']}"
        if owner is not None:
            raise SweepError(
                f"hydra.sweep.subdir must give each trial a folder of its own. Got {str(folder)!r} for trial "
                f"{trial.number}, which {owner} has used. "
                f"Set {typed_override('hydra.sweep.subdir', f'{self.subdir}/${{hydra.job.num}}')}"
            )

    def _folder(self, overrides: Sequence[str], number: int) -> Path:
        config = self.compose(overrides)
        with read_write(config), open_dict(config):
            config.hydra.job.id, config.hydra.job.num = str(number), number
        instance = HydraConfig.instance()
        outside, instance.cfg = instance.cfg, config  # type: ignore[assignment]  # for ${hydra:...} in the name of the folder
        try:
            parts = [str(OmegaConf.select(config, f"hydra.sweep.{key}")) for key in ("dir", "subdir")]
        finally:
            instance.cfg = outside
        return Path(*parts).absolute()


def _write_once(path: Path, content: dict[str, Any]) -> bool:
    """Write a file atomically unless it exists; return whether it was written."""
    if path.exists():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
        try:
            temporary.write_text(json.dumps(content), encoding="utf-8")
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise unwritable(path, error) from error
    return True
