"""Deduplication: trials whose values the study has already, with the same identity of the study."""

from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.results.best_trials import own_trials
from optuna_sweeper.study.attributes import ANSWERED_FROM, DISCARDED, EQUIVALENCE, OVERRIDES


def is_duplicate(trial: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether two trials of one identity have the same key of the application or, without, overrides."""
    one, two = trial.user_attrs, other.user_attrs
    if EQUIVALENCE in one or EQUIVALENCE in two:
        return bool(one.get(EQUIVALENCE) == two.get(EQUIVALENCE))
    return OVERRIDES in two and sorted(one[OVERRIDES]) == sorted(two[OVERRIDES])


def find_duplicate(study: Study, trial: FrozenTrial, identity: str | None = None) -> FrozenTrial | None:
    """Return the first complete trial of this identity that is a duplicate and was run itself."""
    others = own_trials(study, identity)
    run = [one for one in others if ANSWERED_FROM not in one.user_attrs and DISCARDED not in one.user_attrs]
    return next((other for other in run if is_duplicate(trial, other)), None)
