"""What a study starts from: questions that are asked first, and answers taken over from another study."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import BaseDistribution
from optuna.exceptions import TrialPruned
from optuna.samplers import GridSampler
from optuna.study import Study
from optuna.trial import BaseTrial, FixedTrial, FrozenTrial, TrialState, create_trial

from optuna_sweeper.errors import SweepError, first_line, refusal
from optuna_sweeper.results.best_trials import is_own
from optuna_sweeper.safe_text import mask_values
from optuna_sweeper.search.arguments import Arguments
from optuna_sweeper.search.conditions import Conditions
from optuna_sweeper.search.search_space import fits
from optuna_sweeper.study.attributes import ENQUEUED, IDENTITY, JOB_DIR, OVERRIDES, WARM_START
from optuna_sweeper.study.identity import (
    SPEC,
    VALUE_PARTS,
    Spec,
    check_spec,
    describe_changes,
    identity_of,
    same_values,
    write_spec,
)
from optuna_sweeper.study.storage import make_storage, storage_file
from optuna_sweeper.workers.worker import Worker

log = logging.getLogger(__name__)

_ENQUEUE, _WARM_START = "hydra.sweeper.enqueue", "hydra.sweeper.warm_start"

# The ticket of a process that waits to add what is missing, by its id: 0 while it draws one, null afterwards.
_TICKET = "ticket:"


def read_questions(enqueue: Any, arguments: Arguments, open_space: bool) -> list[dict[str, Any]]:
    """Return ``hydra.sweeper.enqueue`` as parameters of the study.

    Parameters
    ----------
    enqueue : sequence of mappings, optional
        Each a question: key -> value. What it leaves out is chosen by the sampler.
    arguments : Arguments
        The search space.
    open_space : bool
        Whether there may be parameters that the search space does not name.

    Raises
    ------
    SweepError
        If a question names what is not searched, or a value that it cannot have.
    """
    listed = OmegaConf.to_container(enqueue) if OmegaConf.is_config(enqueue) else enqueue or []
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise refusal(_ENQUEUE, "a list of mappings, parameter to value", listed)
    names = {name.lstrip("+"): name for name in arguments.parameters}
    return [
        {
            names.get(str(key).lstrip("+"), str(key)): _checked(str(key), value, arguments, names, open_space)
            for key, value in one.items()
        }
        for one in listed
    ]


def _checked(key: str, value: Any, arguments: Arguments, names: Mapping[str, str], open_space: bool) -> Any:
    name = names.get(key.lstrip("+"))
    if name is None:
        if key.lstrip("+") in arguments.dropped:
            raise SweepError(
                f"{_ENQUEUE}: {key} is not searched, for hydra.sweeper.params drops it (null). "
                f"Leave it out here, too, or set {_ENQUEUE}=null."
            )
        if not open_space:
            raise refusal(f"{_ENQUEUE}: {key}", f"one of {', '.join(names)}", value)
    elif not arguments.parameters[name].fits(value):
        raise refusal(f"{_ENQUEUE}: {key}", f"in {arguments.parameters[name].distribution}", value)
    return value


def read_answers(
    warm_start: Any,
    own_storage: Any,
    own_name: str | None,
    arguments: Arguments,
    conditions: Conditions,
    extend: Callable[[BaseTrial], None],
    spec: Spec,
) -> list[FrozenTrial]:
    """Return the complete trials of another study that fit the search space, as trials of this one.

    Those of another configuration or other data guide the sampler, and are neither answers nor the best.

    Parameters
    ----------
    warm_start : DictConfig, optional
        ``hydra.sweeper.warm_start``: ``study_name`` and, if it is another one, ``storage``.
    own_storage : str or DictConfig, optional
        The storage of this study.
    own_name : str, optional
        Its name.
    arguments : Arguments
    conditions : Conditions
    extend : callable
        The custom search space, given a trial.
    spec : dict
        The identity of this study.

    Raises
    ------
    SweepError
        If there is no such study, or it is this one, or the custom search space cannot tell what fits.
    """
    if not warm_start:
        return []
    if not isinstance(warm_start, Mapping | DictConfig) or not warm_start.get("study_name"):
        raise refusal(_WARM_START, "a mapping with study_name, and storage if it is another one", warm_start)
    name, storage = warm_start["study_name"], warm_start.get("storage") or own_storage
    if name == own_name and storage == own_storage:
        raise refusal(f"{_WARM_START}.study_name", "another study than hydra.sweeper.study_name", name)
    file = storage_file(storage)
    if file is not None and not file.exists():  # to open it would make it
        raise SweepError(f"{_WARM_START}: the study {name} cannot be read: there is no file {file}.")
    try:
        study = optuna.load_study(study_name=name, storage=make_storage(storage))
        their_spec = study.user_attrs.get(SPEC) or {}
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    except Exception as error:  # whatever a driver of a database raises
        raise SweepError(f"{_WARM_START}: the study {name} cannot be read: {first_line(error)}") from error
    asked = [_ask(trial, arguments, conditions, extend) for trial in trials]
    fitting = [(trial, space) for trial, space in zip(trials, asked, strict=True) if space is not None]
    log.info(
        "%s: %d of the %d complete trials of %s fit the search space.",
        _WARM_START, len(fitting), len(trials), name,
    )  # fmt: skip
    theirs, ours = identity_of(their_spec), identity_of(spec)
    comparable = same_values(their_spec, spec)
    if not comparable and fitting:
        log.warning(
            "%s: %s has another configuration or other data: %s. Its values guide the sampler, and are "
            "neither answers nor the best.",
            _WARM_START, name, describe_changes(their_spec, spec, VALUE_PARTS),
        )  # fmt: skip
    return [
        create_trial(
            values=trial.values,
            params=trial.params,
            distributions=space,
            constraints=trial.constraints,
            user_attrs={
                WARM_START: f"{name}/{trial.number}",
                IDENTITY: ours if comparable and is_own(trial, theirs) else trial.user_attrs.get(IDENTITY),
                JOB_DIR: trial.user_attrs.get(JOB_DIR),
                OVERRIDES: mask_values(list(arguments.overrides(trial.params))),
            },
        )
        for trial, space in fitting
    ]


class _Asked(FixedTrial):
    """A trial that has chosen: to suggest what it did not choose, or has not to choose from, is an error."""

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name in self._params and not fits(distribution, self._params[name]):
            raise ValueError(f"{name} must be in {distribution}. Got {self._params[name]!r}.")
        return super()._suggest(name, distribution)


def _ask(
    trial: FrozenTrial, arguments: Arguments, conditions: Conditions, extend: Callable[[BaseTrial], None]
) -> dict[str, BaseDistribution] | None:
    """Let a trial choose what it chose; return from what, or None if it cannot in this search space."""
    asked = _Asked(trial.params, trial.number)
    for key, text in arguments.fixed.items():
        asked.set_user_attr(key, text)
    try:
        conditions.suggest(asked)
        extend(asked)
    except (ValueError, TrialPruned):
        return None
    except Exception as error:  # it is the application's code, which finds no study behind this trial
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise SweepError(
            f"{_WARM_START}: hydra.sweeper.custom_search_space cannot be asked what fits: {reason}"
        ) from error
    return asked.distributions if asked.params.keys() == trial.params.keys() else None


def begin(
    study: Study,
    worker: Worker,
    questions: Sequence[Mapping[str, Any]],
    answers: Sequence[FrozenTrial],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Add to the study what it does not yet hold of these.

    Processes that start at once take turns, and the turn of a dead one passes on.

    Parameters
    ----------
    study : Study
    worker : Worker
        This process.
    questions : sequence of mappings
        Parameters of trials to be run first.
    answers : sequence of FrozenTrial
        Complete trials.
    sleep : callable
        Waits for so many seconds.
    """
    if questions and isinstance(study.sampler, GridSampler):
        raise SweepError(f"{_ENQUEUE}: the grid sampler asks every combination anyway. Use another sampler.")
    for answer in answers:
        if len(answer.values) != len(study.directions):
            raise SweepError(f"{_WARM_START}: its trials have another number of objectives.")
    if not questions and not answers:
        return
    with turn(study, worker, sleep):
        known = study.get_trials(deepcopy=False)
        taken = {trial.user_attrs.get(key) for trial in known for key in (ENQUEUED, WARM_START)}
        for question in questions:
            if repr(dict(question)) not in taken:
                study.enqueue_trial(dict(question), user_attrs={ENQUEUED: repr(dict(question))})
        study.add_trials([answer for answer in answers if answer.user_attrs[WARM_START] not in taken])


def agree(
    study: Study,
    worker: Worker,
    spec: Spec,
    allow_changes: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write the identity into a study that has none, or one that may change; all processes agree on it.

    Raises
    ------
    SweepError
        If another process has made the study meanwhile, with another identity.
    """
    if study.user_attrs.get(SPEC) == spec:
        return
    with turn(study, worker, sleep):
        check_spec(study, spec, allow_changes)
        write_spec(study, spec)


@contextmanager
def turn(study: Study, worker: Worker, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Have the study's attributes to oneself, among the processes that take turns."""
    own = f"{_TICKET}{worker.id}"
    _wait_for_turn(study, worker, own, sleep)
    try:
        yield
    finally:
        study.set_user_attr(own, None)


def _wait_for_turn(study: Study, worker: Worker, own: str, sleep: Callable[[float], None]) -> None:
    """Wait until nobody has a lower ticket: Lamport's bakery, for a storage can write, but not lock."""
    study.set_user_attr(own, 0)
    study.set_user_attr(own, 1 + max(ticket for ticket, _ in _tickets(study)))
    while True:
        tickets = _tickets(study)
        alive = worker.alive()
        if min(ticket for ticket in tickets if ticket[1] in alive)[1] == worker.id:
            return
        sleep(0.1)


def _tickets(study: Study) -> list[tuple[int, str]]:
    return [
        (ticket, key.removeprefix(_TICKET))
        for key, ticket in study.user_attrs.items()
        if key.startswith(_TICKET) and ticket is not None
    ]
