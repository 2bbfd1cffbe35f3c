"""Errors of a sweep. Whatever reads settings raises `SweepError` if they cannot be right."""

import errno
from pathlib import Path
from typing import Any

from hydra.errors import CompactHydraException

from optuna_sweeper.safe_text import masked, printable_lines


class SweepError(CompactHydraException):
    """A message for the user, without secrets; Hydra prints it without a traceback and exits with 1."""

    def __init__(self, message: str = "") -> None:
        super().__init__(printable_lines(masked(message)))


def refusal(key: str, rule: str, value: Any, cure: str = "") -> SweepError:
    """Return the error "<key> must be <rule>. Got <value>. <cure>" for an invalid setting."""
    return SweepError(f"{key} must be {rule}. Got {value!r}. {cure}".rstrip())


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without secrets, or its type when it has none."""
    lines = masked(str(error)).strip().splitlines()
    return printable_lines(lines[0]) if lines else type(error).__name__


#: The cure if a sweep has lost its storage or its folder.
KEPT = (
    "The sweep has ended; what was recorded is kept, and the same command with the same "
    "hydra.sweeper.study_name continues it when this is repaired."
)

#: The disk, the quota or the largest size of a file is exhausted.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def is_full(error: BaseException | None) -> bool:
    """Whether an error means that the disk is full."""
    return isinstance(error, OSError) and error.errno in _FULL


def unwritable(path: str | Path, error: OSError) -> SweepError:
    """Return the error for a file of the sweep that cannot be written, which ends it."""
    return SweepError(f"{path} cannot be written: {error.strerror or error}. {KEPT}")
