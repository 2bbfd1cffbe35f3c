"""Ownership of folders: a sweep's folder belongs to one study, a job's folder to one trial.

The owner's file has the id of a worker, which tells studies of the same name in two storages apart.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import SweepError, refusal, unwritable
from optuna_sweeper.jobs.fast_launcher.composer import Composer
from optuna_sweeper.results.schema import STUDY_FILE, TRIAL_FILE
from optuna_sweeper.shell import typed_override
from optuna_sweeper.study.attributes import DISCARDED, WORKER
from optuna_sweeper.workers.worker import PREFIX


def claim_sweep_folder(name: str, study: Study, worker_id: str, storage: str) -> Path:
    """Create the folder ``hydra.sweep.dir``, owned by this study, in which the worker is registered."""
    folder = Path(name).absolute()
    record = {"study": study.study_name, "storage": storage, "worker": worker_id}
    found = _claim(folder / STUDY_FILE, record, is_used=(folder / "multirun.yaml").exists())
    if found is None:
        owner = "another sweep"
    elif f"{PREFIX}{found.get('worker')}" in study.user_attrs:
        return folder
    else:
        owner = f"the study {found.get('study')} (storage: {found.get('storage')})"
    rule = f"a folder of the study {study.study_name} alone"
    other = typed_override("hydra.sweep.dir", f"{name.rstrip('/')}-{study.study_name}")
    raise refusal("hydra.sweep.dir", rule, name, f"It belongs to {owner}. Set another: {other}")


@dataclass(frozen=True)
class JobFolders:
    """The folders of the jobs of a sweep, one for each trial; `subdir` is as written, not resolved."""

    study: Study
    composer: Composer
    subdir: str

    def claim(self, trial: FrozenTrial, overrides: Sequence[str]) -> None:
        """Create the folder of a running trial; it may have been a discarded trial's, but no other's."""
        folder = self._folder(overrides, trial.number)
        path = folder / TRIAL_FILE
        record = {"study": self.study.study_name, "trial": trial.number, "worker": trial.user_attrs[WORKER]}
        is_used = folder.is_dir() and any(not file.name.startswith(TRIAL_FILE) for file in folder.iterdir())
        found = _claim(path, record, is_used)
        if found == record:
            return
        owner = "something else"
        if found is not None:
            if self._is_discarded(found):
                path.write_text(json.dumps(record), encoding="utf-8")
                return
            owner = f"trial {found['trial']} of the study {found['study']}"
        raise SweepError(
            f"hydra.sweep.subdir must give each trial a folder of its own. Got {str(folder)!r} for trial "
            f"{trial.number}, which {owner} has used. "
            f"Set {typed_override('hydra.sweep.subdir', f'{self.subdir}/${{hydra.job.num}}')}"
        )

    def _is_discarded(self, record: dict[str, Any]) -> bool:
        return any(
            DISCARDED in trial.user_attrs
            for trial in self.study.get_trials(deepcopy=False)
            if trial.number == record["trial"] and trial.user_attrs.get(WORKER) == record.get("worker")
        )

    def _folder(self, overrides: Sequence[str], number: int) -> Path:
        return Path(*self.composer.folder(self.composer.peek(overrides), number)).absolute()


def _claim(path: Path, record: dict[str, Any], is_used: bool) -> dict[str, Any] | None:
    """Store the owner of a folder unless it has one; return the owner, or None if it was used without one."""
    if not path.exists():
        if is_used:  # found out first: an owner's file is older than the other files
            return None
        temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(json.dumps(record), encoding="utf-8")
                with suppress(FileExistsError):  # another process was faster
                    os.link(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error
    owner: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return owner
