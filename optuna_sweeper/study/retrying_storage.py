"""A storage that retries while its database server is unavailable: restarted, moved or disconnected."""

import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage, _CachedStorage
from optuna.trial import TrialState

from optuna_sweeper.errors import first_line
from optuna_sweeper.study.recent_trials import RecentTrialsStorage

log = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds before the second retry, doubled up to the maximum. The first retry is immediate: after a restart of
# the database between two operations only the connections are stale.
_SECOND_PAUSE, _MAX_PAUSE = 0.1, 5.0


class RetryingStorage(RecentTrialsStorage):
    """Optuna's storage in a database, with retries while the server is unavailable.

    An operation whose confirmation was lost is executed twice: attributes and parameters stay the same, a
    trial that was told is recognised, and of two created trials `TrialAllocation.recover` fails the first.
    After `timeout` seconds the last error is raised, then and for all later operations.
    """

    def __init__(self, backend: RDBStorage, timeout: float) -> None:
        from sqlalchemy import event

        super().__init__(backend)
        self.timeout = timeout
        self.reconnected_at = -math.inf
        self._away_since: float | None = None
        self._warned = False
        self._gave_up = threading.Event()
        event.listen(backend.engine, "before_cursor_execute", self._before_statement)
        event.listen(backend.engine, "after_cursor_execute", self._after_statement)
        logging.getLogger(RDBStorage.__module__).addFilter(_is_not_retried)

    def retry(self, operation: Callable[[], T]) -> T:
        """Execute an operation, with retries while the database is unavailable, for at most `timeout`."""
        pause = 0.0
        while True:
            try:
                return operation()
            except StorageInternalError as error:
                reason = lost_connection(error)
                if reason is None or self._gave_up.is_set():
                    raise
                self._wait(pause, reason)
                if self._gave_up.is_set():
                    raise
                pause = min(2 * pause, _MAX_PAUSE) or _SECOND_PAUSE

    def _wait(self, pause: float, reason: Exception) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if pause and not self._warned:
            self._warned = True
            log.warning(
                "hydra.sweeper.storage does not answer: %s. It is asked again for "
                "hydra.sweeper.storage_timeout=%g seconds.",
                first_line(reason).rstrip("."), self.timeout,
            )  # fmt: skip
        left = self._away_since + self.timeout - now
        if left <= 0:
            self._gave_up.set()
        try:
            self._gave_up.wait(min(pause, left))
        except BaseException:  # Ctrl-C: no retries at the end of the sweep
            self._gave_up.set()
            raise

    def _before_statement(self, connection: Any, *_: object) -> None:
        connection.info["sent"] = time.monotonic()

    def _after_statement(self, connection: Any, *_: object) -> None:
        """Note that the database is available, by a statement that was sent after the outage began."""
        if self._away_since is None or connection.info["sent"] < self._away_since:
            return
        self.reconnected_at, self._away_since = time.time(), None
        if self._warned:
            self._warned = False
            log.warning("hydra.sweeper.storage answers again.")

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Set the state and the values of a trial."""
        first = True

        def tell() -> bool:
            nonlocal first
            again, first = not first, False
            try:
                return self._backend.set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                told = self._backend.get_trial(trial_id)
                if again and told.state is state and told.values == (values and list(values)):
                    return True  # stored by the first try
                raise

        try:
            return self.retry(tell)
        finally:
            self._read_at.clear()


def _is_not_retried(record: logging.LogRecord) -> bool:
    """Filter Optuna's log: drop the errors that are retried here."""
    return not record.getMessage().startswith("Caught an error from sqlalchemy")


def _retrying(name: str) -> Callable[..., Any]:
    operation = getattr(RecentTrialsStorage, name)

    @functools.wraps(operation)
    def retrying(self: RetryingStorage, *args: Any, **kwargs: Any) -> Any:
        return self.retry(lambda: operation(self, *args, **kwargs))

    return retrying


# All public operations of the storage that are not overridden above.
for _name in vars(_CachedStorage).keys() - vars(RetryingStorage).keys():
    if not _name.startswith("_"):
        setattr(RetryingStorage, _name, _retrying(_name))


def lost_connection(error: BaseException | None) -> Exception | None:
    """Return the driver's error, which others wrap, if the database is unavailable; otherwise None."""
    from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return error
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return error
        error = error.__cause__ or error.__context__
    return None
