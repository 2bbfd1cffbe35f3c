"""A Hydra sweeper that searches with Optuna: ``hydra/sweeper=optuna``. README.md is its manual.

settings.py    hydra.sweeper: declared and validated once
run.py         from the settings to a study and its sweep
sweep.py       the loop: batch after batch, until the study has all trials
batch.py       one batch: ask, launch, tell
search/        sweep expressions to distributions, conditions, stratification, samplers, pruners, grids
study/         opening a study, its identity, initial trials, warm start, storages
workers/       registration, liveness, trial allocation, signals
jobs/          launching, the fast in-process launcher, outcomes, report() and prune()
results/       best trials, result files, log lines, progress bar
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna_sweeper.jobs.reporting import prune, prunes, report

__all__ = ["prune", "prunes", "report"]


def __getattr__(name: str) -> Any:
    # Resolved on first use: importing `optuna_sweeper.safe_text` does not import Hydra.
    if name in __all__:
        return getattr(import_module("optuna_sweeper.jobs.reporting"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
