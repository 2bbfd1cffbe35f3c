"""Names that the reader of a file trusts beyond those that conf/ lists."""

import os
import shlex

TRUSTED = "RECSYS_TRUSTED"
"""Variable with the further names that files may use: classes, and ``oc.env:NAME``, separated by commas."""


def trusted_by_reader() -> frozenset[str]:
    """Return the names in the variable of the environment."""
    return frozenset(filter(None, map(str.strip, os.environ.get(TRUSTED, "").split(","))))


def trust_cure(name: str, condition: str) -> str:
    """Return what to type to trust one more name."""
    return f"{condition}: export {TRUSTED}={shlex.quote(','.join([*sorted(trusted_by_reader()), name]))}"
