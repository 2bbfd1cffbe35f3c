"""Opening a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection

from optuna_sweeper.errors import SweepError, first_line, refusal
from optuna_sweeper.study.storage import describe_storage, make_storage

# The packages of SQLAlchemy's drivers.
_DRIVERS = {"MySQLdb": "mysqlclient", "psycopg": "'psycopg[binary]'", "psycopg2": "psycopg2-binary"}


def open_study(
    storage: Any,
    name: str | None,
    directions: Sequence[StudyDirection],
    sampler: BaseSampler,
    pruner: BasePruner | None = None,
    timeout: float = 0.0,
) -> Study:
    """Create the study, or open the one of this name in the storage (see `make_storage`)."""
    try:
        study = optuna.create_study(
            storage=make_storage(storage, timeout=timeout),
            study_name=name,
            directions=directions,
            sampler=sampler,
            pruner=pruner,
            load_if_exists=True,
        )
    except Exception as error:  # whatever a driver of a database raises
        raise SweepError(
            f"hydra.sweeper.storage cannot be used: {describe_storage(storage)}. {_describe_failure(error)}"
        ) from error
    if study.directions != list(directions):
        raise refusal(
            "hydra.sweeper.direction",
            f"{describe_directions(study.directions)}, as in the study {study.study_name} of the storage",
            describe_directions(directions),
            "Name another hydra.sweeper.study_name to start afresh.",
        )
    return study


def _describe_failure(error: Exception) -> str:
    if isinstance(error, SweepError):
        return str(error)
    missing = error.__cause__
    if isinstance(missing, ModuleNotFoundError):
        name = str(missing.name)
        return f"It needs the module {name}. Run: pip install {_DRIVERS.get(name, name)}"
    cure = "Repair it, or set another, such as hydra.sweeper.storage=journal:study.log."
    if isinstance(error, StorageInternalError):
        from optuna_sweeper.study.retrying_storage import lost_connection

        error = lost_connection(error) or error  # more precise than Optuna's message
    return f"{first_line(error).rstrip('.')}. {cure}"


def describe_directions(directions: Sequence[StudyDirection]) -> str:
    """Return the directions as text."""
    return ", ".join(direction.name.lower() for direction in directions)
