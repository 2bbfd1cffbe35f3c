"""The errors that recsys raises on purpose, one tree.

    RecsysError
    ├── ParameterError        a parameter has a value that its rule forbids (also a ValueError)
    ├── DataError             the data cannot be used
    │   ├── DataNotFoundError     no folder or file where it was looked for
    │   ├── DataFormatError       a file that cannot be read as what it should be
    │   └── DownloadError         a download failed, or is not what it should be
    ├── BudgetError           mining or rules would take more than a limit allows
    ├── EngineError           an engine that is another program, such as Spark, fails
    ├── NoTransactionsError   the preprocessing leaves nothing to mine
    ├── OutputError           what a run leaves behind cannot be written
    └── RegistryError         MLflow does not do what the registry asks of it

Each message is one line that says what was asked, the rule, what came, and the cure. Secrets in it are
masked, and control characters, as a title may hold, are escaped.
"""

from __future__ import annotations

import re
from typing import Any

from optuna_sweeper.safe_text import masked, printable


class RecsysError(Exception):
    """Base of all errors that recsys raises on purpose."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*(printable(masked(arg)) if isinstance(arg, str) else arg for arg in args))


class ParameterError(RecsysError, ValueError):
    """A parameter has a value that its rule forbids.

    Parameters
    ----------
    parameter : str
        Name as the caller wrote it: an argument's name, or a config key ("apriori.min_support").
    rule : str
        What the value must be; completes the sentence "<parameter> must be ...".
    value : object
        The value that came.
    cure : str
        What to do about it, a full sentence; empty when the rule says it all.
    """

    def __init__(self, parameter: str, rule: str, value: Any, cure: str = "") -> None:
        # On one line, as the forms of frames and arrays are not.
        got = " ".join(repr(value).split())
        message = f"{parameter} must be {rule}. Got {got}. {cure}".rstrip()
        super().__init__(message)
        self.parameter, self.rule, self.value, self.cure = parameter, rule, value, cure

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders under parallel launchers; the default would call __init__(message).
        return type(self), (self.parameter, self.rule, self.value, self.cure)

    def within(self, group: str) -> ParameterError:
        """Return the same error with the parameter named as the key of a config group."""
        return ParameterError(f"{group}.{self.parameter}", self.rule, self.value, self.cure)


class DataError(RecsysError):
    """The data cannot be used."""


class DataNotFoundError(DataError):
    """No folder or file was found where it was looked for."""


class DataFormatError(DataError):
    """A file cannot be read as what it should be."""


class DownloadError(DataError):
    """A download failed, or what came is not what should have come."""


class BudgetError(RecsysError):
    """Mining, or making rules, would take more than a limit allows."""

    def within(self, group: str) -> BudgetError:
        """Return the same error with its parameters named as keys of a config group."""
        most = "max_(?:itemsets|seconds|memory|rules|len|consequent_len)"
        names = rf"\b({most}|over_max_rules|min_(?:support|threshold))\b"
        return BudgetError(re.sub(rf"(?<!\.){names}", rf"{group}.\1", str(self)))


class EngineError(RecsysError):
    """An engine that is another program, such as Spark, has failed at the work."""


class NoTransactionsError(RecsysError):
    """The preprocessing leaves no transactions to mine."""


class OutputError(RecsysError):
    """What a run leaves behind cannot be written."""


class RegistryError(RecsysError):
    """MLflow cannot be reached, or does not do what is asked of it."""
