"""Questions whose answer the study knows.

Two trials ask the same when the overrides of their jobs are the same; where the application can tell, when it
says so. Its function ``hydra.sweeper.equivalence`` is given the composed config of a job and returns
something hashable that is equal for jobs with the same outcome and for no others, or None where it cannot
tell. Both were run for the same identity of the study: the same configuration and the same data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from hydra.utils import get_method
from omegaconf import DictConfig
from optuna.study import Study
from optuna.trial import FrozenTrial

from optuna_sweeper.errors import SweepError, first_line
from optuna_sweeper.results.best_trials import own_trials
from optuna_sweeper.study.attributes import ANSWERED_FROM, DISCARDED, EQUIVALENCE, OVERRIDES

Equivalence = Callable[[DictConfig], Hashable | None]


def load_equivalence(path: str | None) -> Equivalence | None:
    """Return the application's function of this dotted path."""
    if path is None:
        return None
    try:
        found: Any = get_method(path)
    except Exception as error:  # importing it runs the application's code
        raise SweepError(f"hydra.sweeper.equivalence={path}: {first_line(error)}") from error
    equivalence: Equivalence = found
    return equivalence


def outcome_key(equivalence: Equivalence, config: DictConfig) -> str | None:
    """Return what trials of the same outcome have in common, as text; None when that is not known.

    Raises
    ------
    SweepError
        If the application's function raises an error.
    """
    try:
        key = equivalence(config)
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise SweepError(f"hydra.sweeper.equivalence: {reason}") from error
    return None if key is None else repr(key)


def same_question(trial: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether two trials of one identity have the same outcome for all one knows.

    With a key of the application on both sides, the keys decide; with none, the overrides do. With a key on
    one side only the application knows more of one trial than of the other, and they are not the same.
    """
    one, two = trial.user_attrs, other.user_attrs
    if EQUIVALENCE in one or EQUIVALENCE in two:
        return bool(one.get(EQUIVALENCE) == two.get(EQUIVALENCE))
    return OVERRIDES in two and sorted(one[OVERRIDES]) == sorted(two[OVERRIDES])


def known_answer(study: Study, trial: FrozenTrial, identity: str | None = None) -> FrozenTrial | None:
    """Return the first complete trial of this identity that asked the same, of those that a job answered."""
    for other in own_trials(study, identity):
        if ANSWERED_FROM in other.user_attrs or DISCARDED in other.user_attrs:
            continue
        if same_question(trial, other):
            return other
    return None
