"""The brute-force sampler for a study with trials that do not count."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import FrozenTrial

from optuna_sweeper.workers.trial_allocation import counts


class BruteForceSampler(optuna.samplers.BruteForceSampler):
    """Optuna's brute-force sampler, which takes any finished trial for a combination that was run.

    It fails on discarded trials, which may have no parameters, and omits the combinations of a warm start.
    """

    @staticmethod
    def _populate_tree(tree: Any, trials: list[FrozenTrial], params: dict[str, Any]) -> None:
        optuna.samplers.BruteForceSampler._populate_tree(tree, list(filter(counts, trials)), params)
