"""The registered versions, read in the background."""

import logging
import time
from datetime import UTC, datetime

from optuna_sweeper.safe_text import masked
from recsys.errors import RecsysError
from recsys.models.version_history import VersionSummary
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.source import ModelSource

log = logging.getLogger(__name__)

SECONDS = 60.0  # between looks at the registry, unless another version is served


class VersionHistory:
    """The versions that a source had when it was last read; requests read this, and never wait for MLflow."""

    def __init__(self, source: ModelSource) -> None:
        self.source = source
        self.versions: list[VersionSummary] = []
        self.read: str | None = None  # UTC
        self.failure: str | None = None  # of the last attempt
        self._next = 0.0
        self._served: str | None = None

    def poll(self, model: LoadedModel | None) -> None:
        """Read the versions if it is time, or another one is served; keep the last ones if that fails."""
        served = None if model is None else model.version
        if time.monotonic() < self._next and served == self._served:
            return
        self._next, self._served = time.monotonic() + SECONDS, served
        try:
            self.versions = self.source.versions()
        except Exception as error:  # MLflow's must not end the service
            self.failure = masked(
                str(error) if isinstance(error, RecsysError) else f"{type(error).__name__}: {error}"
            )
            log.warning("The versions of the registry cannot be read: %s", self.failure)
            return
        self.failure = None
        self.read = datetime.now(UTC).isoformat(timespec="seconds")
