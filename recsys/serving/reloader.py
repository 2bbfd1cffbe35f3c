"""Loading the served model, and replacing it while requests are answered."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from optuna_sweeper.safe_text import masked
from recsys.errors import RecsysError
from recsys.models.self_check import self_check
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.settings import Settings
from recsys.serving.source import ModelSource

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A version that could not be served; without a version, a source that did not answer."""

    version: str
    message: str
    at: str


class ModelReloader:
    """Polls a source for another version; loads and checks it, then replaces the served one.

    A request reads `current` once, so that a replacement neither delays nor affects it. If a version fails,
    the previous one stays, and the version is tried again after `retry_seconds`.
    """

    def __init__(
        self,
        source: ModelSource,
        poll_seconds: float = Settings.poll_seconds,
        retry_seconds: float = Settings.retry_seconds,
    ) -> None:
        self.source, self.poll_seconds, self.retry_seconds = source, poll_seconds, retry_seconds
        self.current: LoadedModel | None = None  # until the first version is loaded
        self.last_failure: Failure | None = None
        self.swaps = self.failures = 0
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._retry_at: dict[str, float] = {}
        self._logged = ""  # a failure is logged once until a poll succeeds

    def load(self) -> LoadedModel:
        """Load, check and serve the version that the source names; raises RecsysError."""
        self.current = model = self._load(self.source.version())
        return model

    def poll(self) -> None:
        """Replace the served version if the source names another; record what fails."""
        version, previous = "", self.current
        try:
            version = self.source.version()
            if previous is not None and version == previous.version:
                self._logged = ""
                return
            if time.monotonic() < self._retry_at.get(version, 0.0):
                return
            self.current = self._load(version)
        except Exception as error:  # a broken version must not end the service
            self._record(version, error)
            return
        self.swaps += previous is not None
        self._retry_at.clear()
        self._logged = ""
        log.info("Serving version %s%s.", version, f" after {previous.version}" if previous else "")

    def start(self) -> None:
        """Poll repeatedly in a thread."""
        self._thread = threading.Thread(target=self._run, name="model reloader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, without waiting long for a version that is being loaded."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._stopped.wait(self.poll_seconds):
            self.poll()

    def _load(self, version: str) -> LoadedModel:
        model = LoadedModel(self.source.load(version), version, self.current)
        self_check(model.bundle, version)
        return model

    def _record(self, version: str, error: Exception) -> None:
        message = masked(str(error) if isinstance(error, RecsysError) else f"{type(error).__name__}: {error}")
        self.failures += 1
        self.last_failure = Failure(version, message, datetime.now(UTC).isoformat(timespec="seconds"))
        if version:
            self._retry_at[version] = time.monotonic() + self.retry_seconds
        if message != self._logged:
            self._logged = message
            kept = self.current.version if self.current else "nothing"
            log.error("Version %s is not served, %s is: %s", version or "?", kept, message)
