"""The initial trials of a study: enqueued parameters, and the trials of another study (warm start)."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import TrialPruned
from optuna.samplers import GridSampler
from optuna.study import Study
from optuna.trial import FixedTrial, FrozenTrial, TrialState, create_trial

from optuna_sweeper.errors import SweepError, first_line, refusal
from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.parameter import fits
from optuna_sweeper.search.search_space import SearchSpace
from optuna_sweeper.settings import Settings
from optuna_sweeper.study.attributes import ENQUEUED, IDENTITY, JOB_DIR, OVERRIDES, WARM_START
from optuna_sweeper.study.identity import SPEC, VALUE_PARTS, Spec, describe_changes, identity_of
from optuna_sweeper.study.storage import make_storage
from optuna_sweeper.study.storage_file import storage_file
from optuna_sweeper.workers.worker import Worker

log = logging.getLogger(__name__)

_KEY = "hydra.sweeper.enqueue"
_WARM_START = "hydra.sweeper.warm_start"


def read_enqueued(enqueue: Sequence[Mapping[str, Any]], space: SearchSpace) -> list[dict[str, Any]]:
    """Return ``hydra.sweeper.enqueue`` as parameters of the study."""
    names = {name.lstrip("+"): name for name in space.parameters}
    given = [(str(key), value) for one in enqueue for key, value in one.items()]
    for key, value in given:
        name = names.get(key.lstrip("+"))
        if name is not None:
            if not fits(space.parameters[name].distribution, value):
                raise refusal(f"{_KEY}: {key}", f"in {space.parameters[name].distribution}", value)
        elif key.lstrip("+") in space.arguments.dropped:
            raise SweepError(
                f"{_KEY}: {key} is not searched, for hydra.sweeper.params drops it (null). "
                f"Leave it out here, too, or set {_KEY}=null."
            )
        elif space.custom is None:
            raise refusal(f"{_KEY}: {key}", f"one of {', '.join(names)}", value)
    return [
        {names.get(str(key).lstrip("+"), str(key)): value for key, value in one.items()} for one in enqueue
    ]


def read_warm_start(settings: Settings, space: SearchSpace, spec: Spec) -> list[FrozenTrial]:
    """Return the complete trials of another study that fit the search space, as trials of this one."""
    if not settings.warm_start:
        return []
    name = settings.warm_start["study_name"]
    study, trials = _load(settings, name)
    pairs = [(trial, _distributions(trial, space)) for trial in trials]
    fitting = [(trial, found) for trial, found in pairs if found is not None]
    log.info(
        "%s: %d of the %d complete trials of %s fit the search space.",
        _WARM_START, len(fitting), len(trials), name,
    )  # fmt: skip
    source = study.user_attrs.get(SPEC) or {}
    comparable = all(source.get(part) == spec.get(part) for part in VALUE_PARTS)
    if not comparable and fitting:
        log.warning(
            "%s: %s has another configuration or other data: %s. Its trials inform the sampler, but are "
            "neither reused nor the best.",
            _WARM_START, name, describe_changes(source, spec, VALUE_PARTS),
        )  # fmt: skip
    identities: dict[Any, str] = {identity_of(source): identity_of(spec)} if comparable else {}
    return [
        create_trial(
            values=trial.values,
            params=trial.params,
            distributions=found,
            constraints=trial.constraints,
            user_attrs={
                WARM_START: f"{name}/{trial.number}",
                IDENTITY: identities.get(trial.user_attrs.get(IDENTITY), trial.user_attrs.get(IDENTITY)),
                JOB_DIR: trial.user_attrs.get(JOB_DIR),
                OVERRIDES: mask_values(space.arguments.overrides(trial.params)),
            },
        )
        for trial, found in fitting
    ]


def _load(settings: Settings, name: str) -> tuple[Study, list[FrozenTrial]]:
    storage: Any = settings.warm_start.get("storage") or settings.storage
    if name == settings.study_name and storage == settings.storage:
        raise refusal(f"{_WARM_START}.study_name", "another study than hydra.sweeper.study_name", name)
    file = storage_file(storage)
    if file is not None and not file.exists():  # opening it would create it
        raise SweepError(f"{_WARM_START}: the study {name} cannot be read: there is no file {file}.")
    try:
        study = optuna.load_study(study_name=name, storage=make_storage(storage))
        return study, study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    except Exception as error:  # whatever a driver of a database raises
        raise SweepError(f"{_WARM_START}: the study {name} cannot be read: {first_line(error)}") from error


class _CheckedTrial(FixedTrial):
    """A trial with fixed parameters; suggesting a distribution that does not contain them is an error."""

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._params and not fits(distribution, self._params[name]):
            raise ValueError(f"{name} must be in {distribution}. Got {self._params[name]!r}.")
        return super()._suggest(name, distribution)


def _distributions(trial: FrozenTrial, space: SearchSpace) -> dict[str, BaseDistribution] | None:
    """Return the distributions of a trial's parameters in this search space; None if it does not fit."""
    checked = _CheckedTrial(trial.params, trial.number)
    for key, text in space.arguments.fixed.items():
        checked.set_user_attr(key, text)
    try:
        space.suggest(checked)
    except (ValueError, TrialPruned):
        return None
    except Exception as error:  # it is the application's code, which finds no study behind this trial
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise SweepError(
            f"{_WARM_START}: hydra.sweeper.custom_search_space cannot be evaluated for a past trial: {reason}"
        ) from error
    return checked.distributions if checked.params.keys() == trial.params.keys() else None


def add_initial_trials(
    study: Study,
    worker: Worker,
    enqueued: Sequence[Mapping[str, Any]],
    complete: Sequence[FrozenTrial],
) -> None:
    """Add parameters to be run first, and trials of a warm start, that the study does not have yet."""
    if enqueued and isinstance(study.sampler, GridSampler):
        raise SweepError(f"{_KEY}: the grid sampler runs every combination anyway. Use another sampler.")
    if any(len(trial.values) != len(study.directions) for trial in complete):
        raise SweepError(f"{_WARM_START}: its trials have another number of objectives.")
    if not enqueued and not complete:
        return
    with worker.exclusive():
        trials = study.get_trials(deepcopy=False)
        known = {trial.user_attrs.get(key) for trial in trials for key in (ENQUEUED, WARM_START)}
        for params in map(dict, enqueued):
            if repr(params) not in known:
                study.enqueue_trial(params, user_attrs={ENQUEUED: repr(params)})
        study.add_trials([trial for trial in complete if trial.user_attrs[WARM_START] not in known])
