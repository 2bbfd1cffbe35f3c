"""Loading the served model, and replacing it while requests are answered."""

import logging
import threading
import time
from datetime import UTC, datetime

from optuna_sweeper.safe_text import masked
from recsys.errors import RecsysError
from recsys.models.bundle import Bundle
from recsys.models.self_check import self_check
from recsys.policies import Policies
from recsys.serving.failure import Failure
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.policies_reloader import PoliciesReloader
from recsys.serving.settings import Settings
from recsys.serving.source import ModelSource
from recsys.serving.version_history import VersionHistory

log = logging.getLogger(__name__)


class ModelReloader:
    """Polls a source for another version; loads and checks it, then replaces the served one.

    A request reads `current` once, so that a replacement neither delays nor affects it. If a version fails,
    the previous one stays, and the version is tried again after `retry_seconds`. With policies, a version
    fails that lacks what they name; their own changes are followed alike.
    """

    def __init__(
        self,
        source: ModelSource,
        poll_seconds: float = Settings.poll_seconds,
        retry_seconds: float = Settings.retry_seconds,
        policies: PoliciesReloader | None = None,
    ) -> None:
        self.policies = policies
        self.source, self.poll_seconds, self.retry_seconds = source, poll_seconds, retry_seconds
        self.current: LoadedModel | None = None  # until the first version is loaded
        self.last_failure: Failure | None = None
        self.swaps = self.failures = 0
        self.version_history = VersionHistory(source)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._retry_at: dict[str, float] = {}
        self._logged = ""  # a failure is logged once until a poll succeeds

    def load(self) -> LoadedModel:
        """Load, check and serve the version that the source names; raises RecsysError."""
        self.load_policies()
        self.current = model = self._load(self.source.version())
        return model

    def load_policies(self) -> None:
        """Read the file of policies, if there is one; raises RecsysError."""
        if self.policies is not None:
            self.policies.load()

    def poll(self) -> None:
        """Replace the served version, and its policies, if there are others; record what fails."""
        self._poll_model()
        if self.policies is not None:
            self.policies.poll(self._follow)

    def _poll_model(self) -> None:
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
        if self.policies is not None:
            self.policies.forget()
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
        self.version_history.poll(self.current)
        while not self._stopped.wait(self.poll_seconds):
            self.poll()
            self.version_history.poll(self.current)

    def _load(self, version: str) -> LoadedModel:
        bundle = self.source.load(version)
        self_check(bundle, version)
        if self.policies is None or self.policies.current is None:
            return LoadedModel(bundle, version, self.current)
        return LoadedModel(self._following(bundle, self.policies.current), version, self.current)

    def _follow(self, policies: Policies) -> None:
        """Have the served version follow other policies, with which another one may load, too."""
        self._retry_at.clear()
        if (model := self.current) is not None:
            self.current = model.with_bundle(self._following(model.bundle, policies))

    def _following(self, bundle: Bundle, policies: Policies) -> Bundle:
        following = bundle.follow(policies)
        bound = following.policies
        if bound is not None and bound.not_in_model:
            log.warning(
                "Not recommended, as the model does not know them yet: %s", "; ".join(bound.not_in_model)
            )
        return following

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
