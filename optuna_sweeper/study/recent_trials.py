"""A storage in a database that reads the trials again only when that can be of use."""

import copy
import functools
import json
import math
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage, RDBStorage, _CachedStorage
from optuna.trial import FrozenTrial, TrialState

# Seconds for which a copy of the trials is valid: reading them is seven statements, and a trial would read
# them twelve times. Code that needs the latest trials must write before: create or tell a trial, or set an
# attribute of the study.
_MAX_AGE = 0.05


class RecentTrialsStorage(_CachedStorage):
    """Optuna's storage in a database; trials are up to `_MAX_AGE` old, and as this process wrote them."""

    def __init__(self, backend: RDBStorage) -> None:
        super().__init__(backend)
        self._read_at: dict[int, float] = {}

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; a running one as of the last read of all trials."""
        known = self._trial_id_to_study_id_and_number.get(trial_id)
        if known is None:
            return self._backend.get_trial(trial_id)
        study_id, number = known
        trials = self._studies[study_id].trials
        if not trials[number].state.is_finished():
            self._read_trials_from_remote_storage(study_id)
        trial = trials[number]
        # Optuna modifies the object of a running trial.
        return trial if trial.state.is_finished() else copy.deepcopy(trial)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials by number; Optuna's storage compares them, which takes 5 times as long."""
        self._read_trials_from_remote_storage(study_id)
        with self._lock:
            known = self._studies[study_id].trials
            trials = list(map(known.__getitem__, sorted(known)))
        if states is not None:
            trials = [trial for trial in trials if trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """Return the complete trial with the best value, without a query."""
        return BaseStorage.get_best_trial(self, study_id)

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Set a parameter of a trial."""
        with self._writing():
            super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        value = distribution.to_external_repr(param_value_internal)
        self._note(trial_id, "params", param_name, value)
        self._note(trial_id, "distributions", param_name, distribution)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Set a reported value of a trial."""
        with self._writing():
            super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        self._note(trial_id, "intermediate_values", step, intermediate_value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a user attribute of a trial."""
        with self._writing():
            super().set_trial_user_attr(trial_id, key, value)
        self._note(trial_id, "user_attrs", key, json.loads(json.dumps(value)))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a trial."""
        with self._writing():
            super().set_trial_system_attr(trial_id, key, value)
        self._note(trial_id, "system_attrs", key, json.loads(json.dumps(value)))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Read the trials again after an error: another process may have ended the trial."""
        try:
            yield
        except BaseException:
            self._read_at.clear()
            raise

    def _note(self, trial_id: int, name: str, key: str | int, value: Any) -> None:
        """Note in the copy of a trial what was written into the database; others may hold the old copy."""
        known = self._trial_id_to_study_id_and_number.get(trial_id)
        if known is None:
            return
        study_id, number = known
        with self._lock:
            trials = self._studies[study_id].trials
            trials[number] = copy.copy(trials[number])
            setattr(trials[number], name, {**getattr(trials[number], name), key: value})

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        if time.monotonic() - self._read_at.get(study_id, -math.inf) > _MAX_AGE:
            super()._read_trials_from_remote_storage(study_id)
            self._read_at[study_id] = time.monotonic()

    def remove_session(self) -> None:
        """Close the unused connections."""
        self._backend.remove_session()
        self._backend.engine.dispose()


def _then_read(name: str) -> Callable[..., Any]:
    operation = getattr(_CachedStorage, name)

    @functools.wraps(operation)
    def writing(self: RecentTrialsStorage, *args: Any, **kwargs: Any) -> Any:
        try:
            return operation(self, *args, **kwargs)
        finally:
            self._read_at.clear()

    return writing


for _name in ("create_new_trial", "set_trial_state_values", "set_study_user_attr", "set_study_system_attr"):
    setattr(RecentTrialsStorage, _name, _then_read(_name))
