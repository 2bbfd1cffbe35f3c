"""Access to MLflow: its address, a client, and its errors as those of recsys."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optuna_sweeper.safe_text import masked
from recsys.errors import DataNotFoundError, RecsysError, RegistryError
from recsys.mlflow_store.address import DEFAULT_ADDRESS, VARIABLE
from recsys.mlflow_store.connection import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

NAME = "recsys"  # default name of the registered model, and the experiment of models without a recorded run


def tracking_address(tracking_uri: str | None = None) -> str:
    """Return the address of MLflow: the given one, else $MLFLOW_TRACKING_URI, else `sqlite:///mlflow.db`."""
    return tracking_uri or os.environ.get(VARIABLE) or DEFAULT_ADDRESS


def registry_command(name: str, *words: str) -> str:
    """Return a command of the registry of models of this name, as it is typed."""
    named = [] if name == NAME else ["--name", name]
    return shlex.join(["python", "-m", "recsys", "registry", *words, *named])


def list_cure(name: str) -> str:
    """Return the cure for a version that does not exist."""
    return f"{registry_command(name, 'list')} shows the versions; register makes one."


@contextmanager
def mlflow_client(tracking_uri: str) -> Iterator[MlflowClient]:
    """Connect to the store; see `mlflow_errors`."""
    with mlflow_errors(tracking_uri):
        yield connect(tracking_uri)


@contextmanager
def mlflow_errors(tracking_uri: str) -> Iterator[None]:
    """Convert errors of MLflow, its database and its files to RegistryError, or DataNotFoundError."""
    try:
        yield
    except RecsysError:
        raise
    except Exception as error:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        where = f"(MLflow at {masked(tracking_uri)})"
        if isinstance(error, SQLAlchemyError | OSError):
            line = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
            raise RegistryError(f"{masked(line)} {where}") from error
        if not isinstance(error, MlflowException):
            raise
        message = f"{masked(' '.join(str(error).split()))} {where}"
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise DataNotFoundError(f"{message}. {list_cure(NAME)}") from error
        raise RegistryError(message) from error


@contextmanager
def pointed_at(tracking_uri: str) -> Iterator[None]:
    """Set the tracking URI of the process, for functions of MLflow without such a parameter."""
    import mlflow

    variable = os.environ.get(VARIABLE)
    mlflow.set_tracking_uri(tracking_uri)  # also sets the variable
    try:
        yield
    finally:
        nothing: Any = None
        mlflow.set_tracking_uri(nothing)
        if variable is not None:
            os.environ[VARIABLE] = variable
