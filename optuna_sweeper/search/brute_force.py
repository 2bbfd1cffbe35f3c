"""The brute-force sampler, at a study that also holds trials which are no result."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial

from optuna_sweeper.study.attributes import DISCARDED


class BruteForceSampler(optuna.samplers.BruteForceSampler):
    """Optuna's, which takes any trial that is over for a combination that was tried.

    One that was given back, or whose process died, was not; and it may have some parameters only, or none, on
    which Optuna's fails from then on.
    """

    @staticmethod
    def _populate_tree(tree: Any, trials: list[FrozenTrial], params: dict[str, Any]) -> None:
        tried = [trial for trial in trials if DISCARDED not in trial.user_attrs]
        optuna.samplers.BruteForceSampler._populate_tree(tree, tried, params)
