"""Reading the file of policies again when it changes."""

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from optuna_sweeper.safe_text import masked
from recsys.errors import DataFormatError, DataNotFoundError, RecsysError
from recsys.policies import Policies
from recsys.serving.failure import Failure

log = logging.getLogger(__name__)

DIGITS = 12  # of the digest of a file, which is its version


class PoliciesReloader:
    """The last good policies of a file. A bad file changes nothing, and is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.current: Policies | None = None  # until the file is loaded
        self.loaded = 0.0  # seconds since 1970
        self.last_failure: Failure | None = None
        self.swaps = self.failures = 0
        self._stamp: tuple[int, ...] | None = None  # of the file when it was read, if there was one

    @property
    def version(self) -> str:
        """The beginning of the SHA-256 of the file."""
        return "" if self.current is None else self.current.digest[:DIGITS]

    def load(self) -> Policies:
        """Read the file for the first time; raises RecsysError."""
        self._stamp = self._stamp_now()
        policies = Policies.parse(self._content(), str(self.path))
        self._accept(policies)
        return policies

    def poll(self, use: Callable[[Policies], None]) -> None:
        """Read the file if it has changed, and use it; record what fails, and keep the last good policies."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        version = ""
        try:
            content = self._content()
            if self._stamp_now() != stamp:  # it is being written: the next poll reads the whole
                return
            self._stamp = stamp
            version = hashlib.sha256(content).hexdigest()[:DIGITS]
            if version == self.version:
                return
            policies = Policies.parse(content, str(self.path))
            use(policies)
        except Exception as error:  # a bad file must not end the service
            self._stamp = stamp
            self._record(version, error)
            return
        before = self.version
        self._accept(policies)
        self.swaps += 1
        log.info("Policies %s of %s after %s.", self.version, self.path, before)

    def forget(self) -> None:
        """Have the next poll read the file again, for it may fit another model."""
        self._stamp = None

    def _accept(self, policies: Policies) -> None:
        self.current, self.loaded = policies, time.time()

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise DataNotFoundError(f"policies: there is no file {self.path}.") from error
        except OSError as error:
            reason = error.strerror or error
            raise DataFormatError(f"policies: {self.path} cannot be read: {reason}.") from error

    def _stamp_now(self) -> tuple[int, ...] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return ()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _record(self, version: str, error: Exception) -> None:
        message = masked(str(error) if isinstance(error, RecsysError) else f"{type(error).__name__}: {error}")
        self.failures += 1
        self.last_failure = Failure(version, message, datetime.now(UTC).isoformat(timespec="seconds"))
        log.error("Policies %s are not used, %s are: %s", version or "?", self.version, message)
