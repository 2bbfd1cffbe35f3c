"""Errors that recsys raises on purpose.

    RecsysError
    ├── ParameterError        a parameter has an invalid value (also a ValueError)
    ├── DataError             the data cannot be used
    │   ├── DataNotFoundError     no folder or file where it was looked for
    │   ├── DataFormatError       a file cannot be read in its format
    │   └── DownloadError         a download failed or has other contents than expected
    ├── BudgetError           mining or generating rules would exceed a limit
    ├── EngineError           an engine that is another program, such as Spark, failed
    ├── NoTransactionsError   the preprocessing leaves no transactions
    ├── OutputError           the results of a run cannot be written
    └── RegistryError         MLflow cannot be reached, or refuses

A message is one line with the rule, the value and the cure. Secrets in it are masked, control characters
escaped.
"""

import re
from typing import Any, Self

from optuna_sweeper.safe_text import masked, printable


class RecsysError(Exception):
    """Base of all errors that recsys raises on purpose."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*(printable(masked(arg)) if isinstance(arg, str) else arg for arg in args))


class ParameterError(RecsysError, ValueError):
    """A parameter has an invalid value: `<parameter> must be <rule>. Got <value>. <cure>`.

    `parameter` is as the caller wrote it: an argument's name, or a config key ("apriori.min_support"); `cure`
    is a full sentence, or empty if the rule says it all.
    """

    def __init__(self, parameter: str, rule: str, value: Any, cure: str = "") -> None:
        got = " ".join(repr(value).split())  # frames and arrays have several lines
        super().__init__(f"{parameter} must be {rule}. Got {got}. {cure}".rstrip())
        self.parameter, self.rule, self.value, self.cure = parameter, rule, value, cure

    def __reduce__(self) -> tuple[Any, ...]:
        # Parallel launchers pickle errors; by default unpickling calls __init__(message).
        return type(self), (self.parameter, self.rule, self.value, self.cure)

    def within(self, group: str) -> Self:
        """Return the error with the parameter, also where the cure sets it, as a key of a config group."""
        cure = self.cure.replace(f"Set {self.parameter}=", f"Set {group}.{self.parameter}=")
        return type(self)(f"{group}.{self.parameter}", self.rule, self.value, cure)


class DataError(RecsysError):
    """The data cannot be used."""


class DataNotFoundError(DataError):
    """There is no folder or file where it was looked for."""


class DataFormatError(DataError):
    """A file cannot be read in its format."""


class DownloadError(DataError):
    """A download failed, or has other contents than expected."""


class BudgetError(RecsysError):
    """Mining or generating rules would exceed a limit."""

    def within(self, group: str) -> Self:
        """Return the error with its parameters as keys of a config group."""
        most = "max_(?:itemsets|seconds|memory|rules|len|consequent_len)"
        names = rf"\b({most}|over_max_rules|min_(?:support|threshold))\b"
        return type(self)(re.sub(rf"(?<!\.){names}", rf"{group}.\1", str(self)))


class EngineError(RecsysError):
    """An engine that is another program, such as Spark, failed."""


class NoTransactionsError(RecsysError):
    """The preprocessing leaves no transactions."""


class OutputError(RecsysError):
    """The results of a run cannot be written."""


class RegistryError(RecsysError):
    """MLflow cannot be reached, or refuses a request."""
