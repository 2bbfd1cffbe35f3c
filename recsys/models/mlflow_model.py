"""Bundles as MLflow models: logged, and loaded by their address."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper import safe_text
from optuna_sweeper.safe_text import masked
from recsys.datasets import TitleSearch
from recsys.datasets.search import TitleError
from recsys.errors import DataFormatError, DataNotFoundError, ParameterError, RegistryError
from recsys.mlflow_store.address import DEFAULT_ADDRESS
from recsys.mlflow_store.connection import connect
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import read_description

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

PACKAGE = Path(__file__).resolve().parents[1]
SWEEPER = Path(safe_text.__file__).resolve().parent
CODE = Path(__file__).with_name("pyfunc_model.py")
DIGEST_TAG = "bundle_sha256"  # of a logged model: the digest of its bundle
BUNDLE = "bundle"  # the name of the artifact, and of its folder
URI = re.compile(r"models:/((?P<id>m-\w+)|(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+)))")
VARIABLE = "MLFLOW_TRACKING_URI"

# What serving needs of the installed packages; the versions are those that the model was made with.
REQUIREMENTS = ("mlflow", "numba", "numpy", "pandas", "pyarrow", "rapidfuzz", "scipy", "threadpoolctl")

NAME = "recsys"  # of the model, and of the MLflow experiment of what was not recorded


def log_model(
    bundle: Bundle,
    tracking_uri: str,
    experiment_id: str,
    run_id: str | None = None,
    name: str = "recommender",
) -> str:
    """Log a bundle as an MLflow model and return the model's id.

    The model is made of code: `recsys.models.pyfunc_model`, with the packages of recsys beside it and the
    bundle as its artifact. Nothing of it is pickled.

    Parameters
    ----------
    bundle : Bundle
    tracking_uri : str
    experiment_id : str
        The MLflow experiment that it is shown in.
    run_id : str, optional
        The MLflow run that it came from.
    name : str
        What it is called there.

    Raises
    ------
    RegistryError
        If MLflow does not take it.
    """
    client = connected(tracking_uri)
    pyfunc = import_pyfunc()
    from mlflow.entities import LoggedModelOutput

    with (
        tempfile.TemporaryDirectory() as folder,
        pointed_at(tracking_uri),
        mlflow_errors(tracking_uri),
        without_its_warnings(),
    ):
        saved, code = Path(folder, BUNDLE), Path(folder, "code")
        bundle.save(saved)
        for package in (PACKAGE, SWEEPER):
            shutil.copytree(package, code / package.name, ignore=_not_shipped)
        tags = {DIGEST_TAG: read_description(saved)["sha256"]}
        model = client.create_logged_model(experiment_id, name, source_run_id=run_id, tags=tags)
        pyfunc.log_model(
            name=name,
            model_id=model.model_id,
            python_model=str(CODE),
            artifacts={BUNDLE: str(saved)},
            code_paths=[str(code / PACKAGE.name), str(code / SWEEPER.name)],
            signature=signature(bundle),
            input_example=input_example(bundle),
            pip_requirements=requirements(bundle),
            metadata=bundle.metadata,
        )
        if run_id is not None:
            client.log_outputs(run_id, models=[LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_id)


def load_bundle(uri: str, tracking_uri: str | None = None) -> Bundle:
    """Load a bundle.

    Parameters
    ----------
    uri : str
        An address of MLflow such as models:/recsys@champion or models:/recsys/3; or the path of a bundle's
        folder, or of an MLflow model's.
    tracking_uri : str, optional
        Where MLflow is; see `tracking_address`.

    Raises
    ------
    ParameterError
        If it is an address, but not such a one.
    DataNotFoundError
        If there is no such model.
    DataFormatError
        If it is damaged, or written by a newer version.
    RegistryError
        If MLflow does not give it.
    """
    if not is_address(uri):
        inside = Path(uri, "artifacts", BUNDLE)
        return Bundle.load(inside if inside.is_dir() else Path(uri))
    with tempfile.TemporaryDirectory() as folder:
        return Bundle.load(download(uri, "", Path(folder), tracking_address(tracking_uri)))


def is_address(model: str) -> bool:
    """Whether a model is given as an MLflow address, not as a path."""
    return model.startswith("models:/")


def download(uri: str, file: str, folder: Path, tracking_uri: str) -> Path:
    """Download a file of a model's bundle, or all of it, into a folder; return its path there.

    Raises
    ------
    DataFormatError
        If its description is not that of the model that MLflow's database knows.
    """
    client = connected(tracking_uri)
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with mlflow_errors(tracking_uri):
        # With our client: MLflow's own function uses the tracking URI of the process.
        location, digest = _location(uri, client)
        path = "/".join(part for part in (location, "artifacts", BUNDLE, file) if part)
        try:
            downloaded = Path(download_artifacts(path, dst_path=str(folder), tracking_uri=tracking_uri))
        except OSError as error:
            raise DataNotFoundError(f"{uri} is registered, but its files are not there: {error}.") from error
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            message = f"{uri} is registered, but its files are not there: {masked(path)}."
            raise DataNotFoundError(message) from error
    bundle = downloaded if downloaded.is_dir() else downloaded.parent
    if digest is not None and read_description(bundle).get("sha256") != digest:
        raise DataFormatError(
            f"The files of {uri} are not those that were registered. Register its run again."
        )
    return downloaded


def registry_command(name: str, *words: str) -> str:
    """Return a command of the registry of models of this name, as it is typed."""
    return shlex.join(
        ["python", "-m", "recsys", "registry", *words, *([] if name == NAME else ["--name", name])]
    )


def _cure(name: str) -> str:
    return f"{registry_command(name, 'list')} shows what there is; register makes a version."


def _location(uri: str, client: MlflowClient) -> tuple[str, str | None]:
    """Return where the files of a model are, and the digest of its bundle; None for one logged earlier."""
    match = URI.fullmatch(uri)
    if match is None:
        rule = "an address such as models:/recsys@champion or models:/recsys/3"
        raise ParameterError("model", rule, uri)
    model_id, name, number, alias = match.group("id", "name", "version", "alias")
    if name:
        if alias:
            number = client.get_registered_model(name).aliases.get(alias)
        if number is None:
            raise DataNotFoundError(f"No version of the model {name} has the alias {alias}. {_cure(name)}")
        model_id = client.get_model_version(name, str(number)).model_id
        if model_id is None:  # registered by something else than `register`
            return str(client.get_model_version_download_uri(name, str(number))).rstrip("/"), None
    model = client.get_logged_model(model_id)
    return str(model.artifact_location).rstrip("/"), model.tags.get(DIGEST_TAG)


def tracking_address(tracking_uri: str | None = None) -> str:
    """Return where MLflow is: as given, or in MLFLOW_TRACKING_URI, or `sqlite:///mlflow.db`."""
    return tracking_uri or os.environ.get(VARIABLE) or DEFAULT_ADDRESS


def signature(bundle: Bundle) -> ModelSignature:
    """Return the signature of the model: likes in, recommendations out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType, Array, Object, Property

    item_id = Property("item_id", DataType.string if bundle.model.items.dtype.kind == "U" else DataType.long)
    title = Property("title", DataType.string)
    reason = Object(
        [
            Property("antecedents", Array(Object([item_id, title]))),
            Property("support_count", DataType.long, required=False),
            Property("confidence", DataType.double, required=False),
            Property("lift", DataType.double, required=False),
            Property("share", DataType.double),
        ]
    )
    recommendation = Object(
        [
            item_id,
            title,
            Property("score", DataType.double),
            Property("source", DataType.string),
            Property("reasons", Array(reason)),
        ]
    )
    return ModelSignature(
        # Ids or titles, which may stand in one list.
        inputs=Schema([ColSpec(Array(AnyType()), name="likes")]),  # type: ignore[no-untyped-call]
        outputs=Schema([ColSpec(Array(recommendation))]),
        params=ParamSchema(
            [
                ParamSpec("k", DataType.long, 10),
                ParamSpec("exclude_seen", DataType.boolean, True),
                ParamSpec("explain", DataType.boolean, False),
            ]
        ),
    )


def _not_shipped(folder: str, names: list[str]) -> set[str]:
    """Return the names in a folder that serving does not need: byte code, configuration, bundled data."""
    found = {"__pycache__", "conf"}
    return found | {"data"} if Path(folder).name == "datasets" else found


def input_example(bundle: Bundle) -> pd.DataFrame:
    """Return two rows: the most popular items by id, and one by title."""
    import numpy as np
    import pandas as pd

    counts = np.bincount(bundle.histories.item_indices, minlength=bundle.histories.n_items)
    first, *others = [bundle.item_ids[item] for item in np.argsort(-counts, kind="stable")[:3].tolist()]
    return pd.DataFrame({"likes": [[first, *others], [_title_or_id(bundle, first)]]})


def _title_or_id(bundle: Bundle, item: Any) -> Any:
    (title,) = bundle.catalog.titles([item])
    try:
        return title if TitleSearch(bundle.catalog).find(title) == item else item
    except TitleError:
        return item


def requirements(bundle: Bundle) -> list[str]:
    """Return the packages that serving the bundle needs, pinned to the installed versions."""
    names = sorted({*REQUIREMENTS, *bundle.model.requirements})
    return [f"{name}=={version(name)}" for name in names]


def import_pyfunc() -> Any:
    """Import MLflow's module of that name."""
    with without_its_warnings():
        return import_module("mlflow.pyfunc")


@contextmanager
def without_its_warnings() -> Iterator[None]:
    """Ignore warnings about MLflow's own code."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*type hint", UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="mlflow")
        warnings.filterwarnings("ignore", "Operation with range is deprecated")
        yield


@contextmanager
def pointed_at(tracking_uri: str) -> Iterator[None]:
    """Set the tracking URI of the process, for MLflow's functions without such a parameter."""
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


def connected(tracking_uri: str) -> MlflowClient:
    """Return a client of the store, as `connect` does.

    Raises
    ------
    RegistryError
        If there is no such store, or it does not answer.
    """
    try:
        return connect(tracking_uri)
    except Exception:  # to know MLflow's own errors takes its import, which is for `connect` to make
        with mlflow_errors(tracking_uri):
            raise


@contextmanager
def mlflow_errors(tracking_uri: str) -> Iterator[None]:
    """Convert the errors of MLflow and of its database to `RegistryError`."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        message = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise RegistryError(f"{masked(message)} (MLflow at {masked(tracking_uri)})") from error
    except MlflowException as error:
        text = " ".join(str(error).split())  # on one line
        message = f"{masked(text)} (MLflow at {masked(tracking_uri)})"
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise DataNotFoundError(f"{message}. {_cure(NAME)}") from error
        raise RegistryError(message) from error
