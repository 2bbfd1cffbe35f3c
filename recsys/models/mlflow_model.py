"""Bundles as MLflow models: logged, and loaded by their address."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Container, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna_sweeper import safe_text
from optuna_sweeper.safe_text import masked
from recsys.datasets import TitleError, TitleSearch
from recsys.errors import DataFormatError, DataNotFoundError, ParameterError
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import read_description
from recsys.models.store import list_cure, mlflow_client, pointed_at, tracking_address

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

PACKAGES = (Path(__file__).resolve().parents[1], Path(safe_text.__file__).resolve().parent)
CODE = Path(__file__).with_name("pyfunc_model.py")
MODEL = "recommender"  # name of the logged model
BUNDLE = "bundle"  # name of its artifact and folder
DIGEST_TAG = "bundle_sha256"  # of a logged model: the digest of its bundle
URI = re.compile(r"models:/((?P<id>m-\w+)|(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+)))")

# Packages that serving needs; pinned to the versions that the model was made with.
REQUIREMENTS = ("mlflow", "numba", "numpy", "pandas", "pyarrow", "rapidfuzz", "scipy", "threadpoolctl")


def log_model(
    bundle: Bundle,
    tracking_uri: str,
    experiment_id: str,
    run_id: str | None = None,
    params: Mapping[str, str] | None = None,
) -> str:
    """Log a bundle as an MLflow model of an experiment and of a run, if given; return the model's id.

    `params` are shown beside the model, where models are compared.

    The model is code, `recsys.models.pyfunc_model`, with the packages of recsys and the bundle as its
    artifact. Nothing in it is pickled.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        mlflow_client(tracking_uri) as client,
        pointed_at(tracking_uri),
        warnings.catch_warnings(),
    ):
        # About MLflow's own code.
        warnings.filterwarnings("ignore", ".*type hint", UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="mlflow")
        warnings.filterwarnings("ignore", "Operation with range is deprecated")
        from mlflow import pyfunc
        from mlflow.entities import LoggedModelOutput

        saved, code = Path(folder, BUNDLE), Path(folder, "code")
        bundle.save(saved)
        for package in PACKAGES:
            shutil.copytree(package, code / package.name, ignore=_not_shipped)
        tags = {DIGEST_TAG: read_description(saved)["sha256"]}
        model = client.create_logged_model(experiment_id, MODEL, run_id, tags, dict(params or {}))
        pyfunc.log_model(
            name=MODEL,
            model_id=model.model_id,
            python_model=str(CODE),
            artifacts={BUNDLE: str(saved)},
            code_paths=[str(code / package.name) for package in PACKAGES],
            signature=signature(bundle),
            input_example=input_example(bundle),
            pip_requirements=requirements(bundle),
            metadata=bundle.metadata,
        )
        if run_id is not None:
            client.log_outputs(run_id, models=[LoggedModelOutput(model.model_id, step=0)])
    return str(model.model_id)


def load_bundle(uri: str, tracking_uri: str | None = None) -> Bundle:
    """Load a bundle from an MLflow address such as models:/recsys@champion or models:/recsys/3, or a folder.

    The folder is that of a bundle or of an MLflow model. ParameterError is raised if the address is none of
    these, RegistryError if MLflow raises an error, other errors as by `Bundle.load`.
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

    DataFormatError is raised if its description is not that of the model in MLflow's database.
    """
    with mlflow_client(tracking_uri) as client:
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        # With our client: MLflow's own function uses the tracking URI of the process.
        location, digest = _location(uri, client)
        path = "/".join(part for part in (location, "artifacts", BUNDLE, file) if part)
        try:
            downloaded = Path(download_artifacts(path, dst_path=str(folder), tracking_uri=tracking_uri))
        except (OSError, MlflowException) as error:
            if getattr(error, "error_code", "RESOURCE_DOES_NOT_EXIST") != "RESOURCE_DOES_NOT_EXIST":
                raise
            found = error if isinstance(error, OSError) else masked(path)
            message = f"{uri} is registered, but its files are not there: {found}."
            raise DataNotFoundError(message) from error
    bundle = downloaded if downloaded.is_dir() else downloaded.parent
    if digest is not None and read_description(bundle).get("sha256") != digest:
        raise DataFormatError(
            f"The files of {uri} are not those that were registered. Register its run again."
        )
    return downloaded


def _location(uri: str, client: MlflowClient) -> tuple[str, str | None]:
    """Return where the files of a model are, and the digest of its bundle; None if it has no such tag."""
    match = URI.fullmatch(uri)
    if match is None:
        rule = "an address such as models:/recsys@champion or models:/recsys/3"
        raise ParameterError("model", rule, uri)
    model_id, name, number, alias = match.group("id", "name", "version", "alias")
    if name:
        if alias:
            number = client.get_registered_model(name).aliases.get(alias)
        if number is None:
            raise DataNotFoundError(
                f"No version of the model {name} has the alias {alias}. {list_cure(name)}"
            )
        source = URI.fullmatch(str(client.get_model_version(name, str(number)).source))
        if source is None or source["id"] is None:  # not registered by `recsys registry`
            return str(client.get_model_version_download_uri(name, str(number))).rstrip("/"), None
        model_id = source["id"]
    model = client.get_logged_model(model_id)
    return str(model.artifact_location).rstrip("/"), model.tags.get(DIGEST_TAG)


def signature(bundle: Bundle) -> ModelSignature:
    """Return the signature of the model: likes and other seen items in, recommendations out."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType, Array, Object, Property

    text, number, count = DataType.string, DataType.double, DataType.long

    def record(kinds: dict[str, Any], optional: Container[str] = ()) -> Object:
        return Object([Property(name, kind, name not in optional) for name, kind in kinds.items()])

    titles = {"title": text, "display_title": text, "year": count}
    item = {"item_id": text if bundle.model.items.dtype.kind == "U" else count} | titles
    measures = {"support_count": count, "confidence": number, "lift": number, "times": count, "text": text}
    # Of items and categories, whose ids are text.
    antecedent = item if bundle.model.train.hierarchy is None else item | {"item_id": AnyType()}  # type: ignore[no-untyped-call]
    category = {"category": record({"item_id": text} | titles, ("year",))}
    reason = record(
        {"antecedents": Array(record(antecedent, ("year",))), "share": number} | measures | category,
        optional=measures | category,
    )
    rest = {"score": number, "source": text, "reasons": Array(reason), "categories": Array(text)}
    recommendation = record(item | rest, ("year",))
    flag = DataType.boolean
    params = [
        ParamSpec("k", count, 10),
        # None, as False would also recommend what is `seen` where items are bought again.
        ParamSpec("exclude_seen", flag, None),
        ParamSpec("explain", flag, False),
        ParamSpec("max_per_category", count, None),
        ParamSpec("popularity_penalty", number, 0.0),
        *(ParamSpec(name, item["item_id"], [], (-1,)) for name in ("exclude_items", "only_items")),
        ParamSpec("categories", text, [], (-1,)),
    ]
    rated = Array(AnyType())  # type: ignore[no-untyped-call]  # ids and titles may be mixed in one list
    return ModelSignature(
        inputs=Schema([ColSpec(rated, name="likes"), ColSpec(rated, name="seen", required=False)]),
        outputs=Schema([ColSpec(Array(recommendation))]),
        params=ParamSchema(params),
    )


def input_example(bundle: Bundle) -> pd.DataFrame:
    """Return two rows: the most popular items by id, and one by title if that identifies it."""
    import pandas as pd

    first, *others = [bundle.item_ids[item] for item in bundle.model.popularity.order[:3].tolist()]
    (title,) = bundle.catalog.titles([first])
    try:
        is_clear = title != str(first) and TitleSearch(bundle.catalog).find(title) == first
    except TitleError:
        is_clear = False
    return pd.DataFrame({"likes": [[first, *others], [title if is_clear else first]]})


def requirements(bundle: Bundle) -> list[str]:
    """Return the packages that serving the bundle needs, pinned to the installed versions."""
    names = sorted({*REQUIREMENTS, *bundle.model.requirements})
    return [f"{name}=={version(name)}" for name in names]


def _not_shipped(folder: str, names: list[str]) -> set[str]:
    """Return the names in a folder that serving does not need: byte code, configuration, bundled data."""
    found = {"__pycache__", "conf"}
    return found | {"data"} if Path(folder).name == "datasets" else found
