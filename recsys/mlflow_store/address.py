"""The address of the tracking store, checked without importing MLflow."""

import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from optuna_sweeper.safe_text import masked

DEFAULT_ADDRESS = "sqlite:///mlflow.db"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
VARIABLE = "MLFLOW_TRACKING_URI"
CALLBACK = "hydra.callbacks.mlflow"
# An override that works beside others of the callback's keys, which hydra/callbacks=untracked does not.
WITHOUT_RECORD = f"'~{CALLBACK}'"
SCHEMES = (*DATABASES, "http", "https", "file", "databricks", "databricks-uc", "uc")


def require_address(tracking_uri: str) -> str:
    """Return the address with an absolute path of an SQLite file; end the program if it is invalid.

    It is not checked whether the store answers.
    """
    problem = _problem(tracking_uri)
    if problem:
        # Hydra turns an exception in a callback into a warning, but not SystemExit.
        sys.exit(
            f"{address_key(tracking_uri)} must be an address that MLflow knows. "
            f"Got {masked(tracking_uri)!r} ({problem}). "
            f"Correct it, or run without a record: {WITHOUT_RECORD}"
        )
    return absolute(tracking_uri)


def address_key(tracking_uri: str) -> str:
    """Return what sets the address of a run's record: the environment variable or the config key."""
    given = os.environ.get(VARIABLE)
    return VARIABLE if given and absolute(given) == absolute(tracking_uri) else f"{CALLBACK}.tracking_uri"


def absolute(tracking_uri: str) -> str:
    """Return the address with an absolute path of an SQLite file."""
    # A job may change the folder (hydra.job.chdir), and relative paths would follow it.
    prefix, relative = "sqlite:///", tracking_uri.removeprefix("sqlite:///")
    if tracking_uri == relative or relative.startswith(("/", ":memory:")):
        return tracking_uri
    return prefix + str(Path.cwd() / relative)


def configured_address() -> str:
    """Return the address of the programs that compose no configuration."""
    return absolute(os.environ.get(VARIABLE) or DEFAULT_ADDRESS)


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are the same, as the user sees them: without their secrets."""
    return masked(one) == masked(other)


def page(server: str, experiment_id: str | None) -> str:
    """Return the address of an experiment's page in MLflow's UI."""
    return f"{server}/#/experiments/{experiment_id}" if experiment_id else server


def _problem(tracking_uri: str) -> str | None:
    try:
        parts = urlsplit(tracking_uri)
    except ValueError as error:
        return str(error)
    scheme = parts.scheme.partition("+")[0]
    if not scheme:
        return None if tracking_uri == "databricks" else "no scheme such as sqlite:/// or http://"
    if scheme == "file" and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() not in ("true", "1"):
        return "MLflow no longer records in folders; a database file is sqlite:///mlflow.db"
    if scheme not in SCHEMES and scheme not in entry_points(group="mlflow.tracking_store").names:
        return f"no scheme is called {parts.scheme}"
    if scheme == "sqlite" and not tracking_uri.startswith("sqlite:///"):
        return "SQLite takes three slashes: sqlite:///mlflow.db"
    if scheme in ("http", "https") and not parts.hostname:
        return "no host"
    return None
