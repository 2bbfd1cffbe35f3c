"""What a study asks, written into it when it is made, so that it is continued with the same question only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optuna.distributions import check_distribution_compatibility
from optuna.study import Study

from ._arguments import Arguments
from ._errors import SweepError
from .safe_text import mask_values

SPEC = "spec"

_LABELS = {"params": "", "fixed": "fixed override ", "conditions": "condition of "}


def make_spec(arguments: Arguments, **settings: Any) -> dict[str, Any]:
    """Return the question of a sweep as plain data.

    Parameters
    ----------
    arguments : Arguments
        The search space and the fixed overrides.
    **settings : object
        Further settings that belong to the question, by the names of their keys.
    """
    return {
        "params": {name: repr(found.distribution) for name, found in sorted(arguments.parameters.items())},
        "fixed": mask_values(dict(sorted(arguments.fixed.items()))),
        "deletions": list(arguments.deletions),
        **settings,
    }


def agree_on_spec(study: Study, spec: Mapping[str, Any], allow_changes: bool) -> None:
    """Write the question into a new study, or compare it with that of the study.

    Raises
    ------
    SweepError
        If the study asks another question and that is not allowed.
    """
    known = study.user_attrs.get(SPEC)
    if known is None or allow_changes:
        if known != spec:
            study.set_user_attr(SPEC, dict(spec))
        known = study.user_attrs[SPEC]  # of two processes that make the study at once, one had the last word
    changes = list(_changes(known, spec))
    if changes:
        raise SweepError(
            f"The study {study.study_name} asks another question: {'; '.join(changes)}. Name another "
            "hydra.sweeper.study_name to start afresh, or set hydra.sweeper.allow_changes=true to go on."
        )


def check_kinds(study: Study, arguments: Arguments) -> None:
    """Refuse what Optuna cannot have in one study: a parameter of two kinds, or with different choices.

    Raises
    ------
    SweepError
        If a parameter was something else in a trial of the study.
    """
    for trial in study.get_trials(deepcopy=False):
        for name in trial.distributions.keys() & arguments.parameters.keys():
            was, now = trial.distributions[name], arguments.parameters[name].distribution
            try:
                check_distribution_compatibility(was, now)
            except ValueError:
                raise SweepError(
                    f"{name} was {was} in the study {study.study_name} and is {now}: Optuna lets a range of "
                    "numbers change in a study, but neither choices nor the kind. Name another "
                    "hydra.sweeper.study_name; hydra.sweeper.warm_start takes over the trials that fit."
                ) from None


def _changes(known: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    for key in dict.fromkeys([*known, *spec]):
        was, now = known.get(key), spec.get(key)
        if was == now:
            continue
        if key not in _LABELS:
            yield _change(key, was, now)
            continue
        was, now = was or {}, now or {}
        for name in dict.fromkeys([*was, *now]):
            if was.get(name) != now.get(name):
                yield _change(_LABELS[key] + name, was.get(name), now.get(name))


def _change(name: str, was: Any, now: Any) -> str:
    if was is None:
        return f"{name} is new ({now})"
    if now is None:
        return f"{name} is gone (it was {was})"
    return f"{name} was {was} and is {now}"
