"""Recovery after a sweep was killed: update its study and its files without another sweep."""

from pathlib import Path

import optuna
import yaml

from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.results.schema import RESULTS_FILE, End
from optuna_sweeper.study.identity import SPEC, identity_of
from optuna_sweeper.study.sqlite_storage import SqliteStorage
from optuna_sweeper.study.storage import make_storage
from optuna_sweeper.study.storage_file import storage_file
from optuna_sweeper.workers.trial_allocation import TrialAllocation
from optuna_sweeper.workers.worker import Worker


def fail_lost_trials(storage: str, study_name: str | None, folder: Path, base: Path | None = None) -> None:
    """Fail the running trials of dead processes, and write the results of the study into its folder.

    A later sweep runs these trials again. If there is no such study, nothing is created. `study_name` is by
    default that in the results. Raises whatever a storage raises that cannot be read.
    """
    path = folder / RESULTS_FILE
    written = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    study_name, file = study_name or written.get("study_name"), storage_file(storage, base)
    if study_name is None or (file is not None and not file.exists()):
        return
    opened = make_storage(storage, base)
    try:
        if isinstance(opened, SqliteStorage):
            opened.write_ahead()  # as the killed sweep did; afterwards the study is one file again
        study = optuna.load_study(study_name=study_name, storage=opened)
        TrialAllocation(study, Worker(study, interval=0.0), n_trials=0).recover()
        ended_by, spec = written.get("ended_by"), study.user_attrs.get(SPEC)
        ResultsWriter(study, folder, spec and identity_of(spec)).write(
            None if ended_by is None else End(ended_by)
        )
    except KeyError:  # the sweep was killed before it created the study
        return
    finally:
        opened.remove_session()
