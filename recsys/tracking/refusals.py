"""Errors of MLflow: which of them another attempt does not change, and what to tell the user."""

import re

from optuna_sweeper.errors import first_line
from optuna_sweeper.safe_text import masked
from recsys.errors import ParameterError
from recsys.mlflow_store.address import CALLBACK, VARIABLE, address_key

# Error codes of MLflow that are final; all others may be temporary.
FINAL_ANSWERS = {
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED",
}  # fmt: skip
# Messages of databases and of MLflow without such a code.
FINAL_MESSAGES = re.compile(
    "Detected out-of-date database schema|authentication failed|no pg_hba.conf entry"
    "|(database|role) .+ does not exist|Access denied for user|Can't load plugin: sqlalchemy"
)
ELSEWHERE = f"{CALLBACK}.tracking_uri=sqlite:///other.db"
CREDENTIALS = {"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}


def is_final(error: Exception) -> bool:
    """Whether sending an entry again would raise the same error."""
    if FINAL_MESSAGES.search(str(error)):
        return True
    code = getattr(error, "error_code", None)
    if code is not None:
        return code in FINAL_ANSWERS
    return isinstance(error, KeyError | ValueError | TypeError | AttributeError | ImportError)


def refusal(error: Exception, tracking_uri: str) -> str:
    """Return a line with the reason for which MLflow refuses the record, and the cure."""
    if isinstance(error, ParameterError):
        if error.parameter == VARIABLE:
            cure = f"Set another, for example {ELSEWHERE}"
            error = ParameterError(address_key(tracking_uri), error.rule, error.value, cure)
        return str(error)
    cure = f"Correct that, or record elsewhere: {ELSEWHERE}"
    if getattr(error, "error_code", None) in CREDENTIALS:
        cure = "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
    return f"MLflow refuses the record at {masked(tracking_uri)}: {line(error).rstrip('.')}. {cure}"


def line(error: Exception) -> str:
    """Return the first line of an error's message, without secrets and cut to 300 characters."""
    return first_line(error)[:300]
