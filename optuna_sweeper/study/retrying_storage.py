"""A study in a database that may be away for a while: restarted, moved to another machine, cut off."""

from __future__ import annotations

import copy
import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage, _CachedStorage
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.errors import first_line

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds before the second try, which double until the longest. The first comes at once: of a database that
# was started again between two operations, the connections are stale and nothing else.
_SOON, _LONGEST = 0.1, 5.0

# Seconds that a look at the trials serves, unless this process writes: each look is seven statements, and a
# trial would take twelve of them. Whoever decides by them must write before, or bear that they are older.
_FRESH = 0.05


class RetryingStorage(_CachedStorage):
    """Optuna's storage in a database, which does again what the database did not answer.

    Each operation is a transaction, so one that broke off is whole or not there. When it was the answer to
    its COMMIT that got lost, it is done twice: attributes and parameters come to the same; a trial that was
    told already is recognised; of a trial that was made twice nobody holds the first, and
    `TrialAllocation.recover` gives it back.

    Attributes
    ----------
    patience : float
        Seconds that the database may be away; then the last error comes through, now and ever after.
    returned : float
        When it last came back, in seconds since the epoch: no process could show a sign of life before.
    """

    def __init__(self, backend: RDBStorage, patience: float) -> None:
        from sqlalchemy import event

        super().__init__(backend)
        self.patience = patience
        self.returned = -math.inf
        self._away_since: float | None = None
        self._told = False
        self._looked: dict[int, float] = {}
        self._over = threading.Event()
        event.listen(backend.engine, "before_cursor_execute", self._asks)
        event.listen(backend.engine, "after_cursor_execute", self._has_answered)
        logging.getLogger(RDBStorage.__module__).addFilter(_is_not_told_here)

    def outlast(self, operation: Callable[[], T]) -> T:
        """Do what asks the database, again and again while that is away.

        Raises
        ------
        StorageInternalError
            If it is away for longer than `patience`, or if something else is wrong.
        """
        pause = 0.0
        while True:
            try:
                return operation()
            except StorageInternalError as error:
                reason = lost_connection(error)
                if reason is None or self._over.is_set():
                    raise
                self._wait(pause, reason)
                if self._over.is_set():
                    raise
                pause = min(2 * pause, _LONGEST) or _SOON

    def _wait(self, pause: float, reason: Exception) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if pause and not self._told:
            self._told = True
            log.warning(
                "hydra.sweeper.storage does not answer: %s. It is asked again for "
                "hydra.sweeper.storage_timeout=%g seconds.",
                first_line(reason).rstrip("."), self.patience,
            )  # fmt: skip
        left = self._away_since + self.patience - now
        if left <= 0:
            self._over.set()
        try:
            self._over.wait(min(pause, left))
        except BaseException:  # Ctrl-C: nor is the end of the sweep to wait
            self._over.set()
            raise

    def _asks(self, connection: Connection, *_: object) -> None:
        connection.info["asked"] = time.monotonic()

    def _has_answered(self, connection: Connection, *_: object) -> None:
        """Note that the database is there. An operation does not say so: what is known, it need not ask.

        Nor does what another thread asked before: the answer was on its way when the database went.
        """
        if self._away_since is None or connection.info["asked"] < self._away_since:
            return
        self.returned, self._away_since = time.time(), None
        if self._told:
            self._told = False
            log.warning("hydra.sweeper.storage answers again.")

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Tell how a trial ended, or that it begins."""
        first = True

        def tell() -> bool:
            nonlocal first
            again, first = not first, False
            try:
                return self._backend.set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                told = self._backend.get_trial(trial_id)
                if again and told.state is state and told.values == (values and list(values)):
                    return True  # it was this process that told it
                raise

        try:
            return self.outlast(tell)
        finally:
            self._looked.clear()

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; one that runs as the last look at all of them showed it."""
        known = self._trial_id_to_study_id_and_number.get(trial_id)
        if known is None:
            return self.outlast(lambda: self._backend.get_trial(trial_id))
        study_id, number = known
        trials = self._studies[study_id].trials
        if not trials[number].state.is_finished():
            self.outlast(lambda: self._read_trials_from_remote_storage(study_id))
        trial = trials[number]
        # Optuna writes into that of a running trial.
        return trial if trial.state.is_finished() else copy.deepcopy(trial)

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        if time.monotonic() - self._looked.get(study_id, -math.inf) > _FRESH:
            super()._read_trials_from_remote_storage(study_id)
            self._looked[study_id] = time.monotonic()

    def remove_session(self) -> None:
        """Close the connections that nobody uses."""
        self._backend.remove_session()
        self._backend.engine.dispose()


def _is_not_told_here(record: logging.LogRecord) -> bool:
    """Whether Optuna may say it: that it tries in vain to get along without the database, it may not."""
    return not record.getMessage().startswith("Caught an error from sqlalchemy")


def _patient(name: str) -> Callable[..., Any]:
    operation = getattr(_CachedStorage, name)
    writes = name.startswith(("create_new_trial", "set_trial"))

    @functools.wraps(operation)
    def outlasting(self: RetryingStorage, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.outlast(lambda: operation(self, *args, **kwargs))
        finally:
            if writes:
                self._looked.clear()

    return outlasting


# All that a storage can do: what Optuna declares, and what it does here otherwise than by that.
for _name in vars(_CachedStorage).keys() - vars(RetryingStorage).keys():
    if not _name.startswith("_"):
        setattr(RetryingStorage, _name, _patient(_name))


def lost_connection(error: BaseException | None) -> Exception | None:
    """Return the error of the driver that says that the database is away, or else None.

    Optuna wraps it, and SQLAlchemy hides it behind what failed because of it.
    """
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return error
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return error
        error = error.__cause__ or error.__context__
    return None
