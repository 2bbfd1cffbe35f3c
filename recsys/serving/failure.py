"""What could not be loaded while the service runs, and why."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """A version that could not be served; without a version, a source that did not answer."""

    version: str
    message: str
    at: str
