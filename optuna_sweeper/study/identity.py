"""The identity of a study, stored in it: search space, directions, configuration and data."""

import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

from optuna.distributions import check_distribution_compatibility
from optuna.study import Study

from optuna_sweeper.errors import SweepError
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.workers.worker import Worker

log = logging.getLogger(__name__)

SPEC = "spec"

#: The parts that determine the values of a trial with given parameters; the others determine the parameters.
VALUE_PARTS = ("directions", "config", "data")

MAX_CHANGES = 10

_LABELS = {"params": "", "conditions": "condition of ", "config": "", "data": "the data of "}

Spec = dict[str, Any]


def identity_of(spec: Mapping[str, Any]) -> str:
    """Return the digest of an identity, which is stored in each trial."""
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def check_spec(study: Study, spec: Spec, allow_changes: bool) -> None:
    """Refuse a sweep whose identity differs from that of the study, if that is not allowed."""
    known = study.user_attrs.get(SPEC)
    if known is None or known == spec or allow_changes:
        return
    raise SweepError(
        f"The study {study.study_name} has another identity: {describe_changes(known, spec)}. Name another "
        "hydra.sweeper.study_name to start afresh, or set hydra.sweeper.allow_changes=true to go on; the "
        "trials so far are then neither reused nor the best."
    )


def write_spec(study: Study, worker: Worker, spec: Spec, allow_changes: bool) -> None:
    """Write the identity into a study that has none, or may change; the first process decides."""
    if study.user_attrs.get(SPEC) == spec:
        return
    with worker.exclusive():
        check_spec(study, spec, allow_changes)
        known = study.user_attrs.get(SPEC)
        if known == spec:
            return
        if known is not None:
            log.warning(
                "The study %s is continued with another identity: %s. Its trials so far are neither reused "
                "nor the best.",
                study.study_name, describe_changes(known, spec),
            )  # fmt: skip
        study.set_user_attr(SPEC, dict(spec))


def check_kinds(study: Study, space: SearchSpace) -> None:
    """Refuse what Optuna does not support in one study: a parameter of two kinds, or with other choices."""
    for trial in study.get_trials(deepcopy=False):
        for name in trial.distributions.keys() & space.parameters.keys():
            was, now = trial.distributions[name], space.parameters[name].distribution
            try:
                check_distribution_compatibility(was, now)
            except ValueError:
                raise SweepError(
                    f"{name} was {was} in the study {study.study_name} and is {now}: Optuna lets a range of "
                    "numbers change in a study, but neither choices nor the kind. Name another "
                    "hydra.sweeper.study_name; hydra.sweeper.warm_start takes over the trials that fit."
                ) from None


def describe_changes(
    known: Mapping[str, Any], spec: Mapping[str, Any], parts: Collection[str] | None = None
) -> str:
    """Return the keys that differ in these parts, by default in all, with their old and new values."""
    # A key that has become searched, or no longer is, is listed as a parameter.
    searched = {name.lstrip("+") for one in (known, spec) for name in one.get("params", {})}
    changes = []
    for part in parts or {**known, **spec}:
        was, now = known.get(part), spec.get(part)
        if part not in _LABELS:
            was, now = {part: was}, {part: now}
        was, now = was or {}, now or {}
        for name in dict.fromkeys([*was, *now]):
            old, new = was.get(name), now.get(name)
            if old == new or (part == "config" and name in searched):
                continue
            label = _LABELS.get(part, "") + name
            if old is None:
                changes.append(f"{label} is new ({new})")
            elif new is None:
                changes.append(f"{label} is gone (it was {old})")
            else:
                changes.append(f"{label} was {old} and is {new}")
    more = len(changes) - MAX_CHANGES
    return "; ".join([*changes[:MAX_CHANGES], *([f"and {more} more"] if more > 0 else [])])
