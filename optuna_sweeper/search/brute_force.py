"""The brute-force sampler for a study with discarded trials."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial

from optuna_sweeper.study.attributes import DISCARDED


class BruteForceSampler(optuna.samplers.BruteForceSampler):
    """Optuna's brute-force sampler, without discarded trials.

    Optuna counts any finished trial as a combination that was tried, and fails on trials with missing
    parameters.
    """

    @staticmethod
    def _populate_tree(tree: Any, trials: list[FrozenTrial], params: dict[str, Any]) -> None:
        tried = [trial for trial in trials if DISCARDED not in trial.user_attrs]
        optuna.samplers.BruteForceSampler._populate_tree(tree, tried, params)
