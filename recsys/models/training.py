"""Bundles of refitted settings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from recsys.data import Histories, Interactions, InteractionSet, ItemCatalog
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import BUNDLE_FILE
from recsys.models.mlflow_model import is_address, load_bundle
from recsys.recommenders import Model
from recsys.runs.refit import refit
from recsys.runs.stored_config import read_settings
from recsys.runs.sweep import run_folder

ALL_RATINGS = "all ratings"  # what a bundle of refitted settings was fitted on


def load_or_fit(model: str) -> Bundle:
    """Load a bundle, or fit the recommender of a run, or of the best trial of a sweep, on all ratings.

    `model` is an MLflow address such as models:/recsys@champion, or the folder of a bundle, a run, a trial or
    a sweep. DataNotFoundError is raised if there is neither a bundle nor a configuration in the folder, other
    errors as by `load_bundle` or a run.
    """
    if is_address(model) or Path(model, BUNDLE_FILE).exists():
        return load_bundle(model)
    return fit_bundle(read_settings(run_folder(Path(model))))


def fit_bundle(settings: Mapping[str, Any]) -> Bundle:
    """Fit the recommender of stored settings on all ratings."""
    prepared, model = refit(settings)
    facts = {"transactions_digest": prepared.transactions.digest, "fitted_on": ALL_RATINGS}
    return make_bundle(model, prepared.interactions, settings, facts)


def make_bundle(
    model: Model, interactions: InteractionSet, settings: Mapping[str, Any], facts: Mapping[str, Any]
) -> Bundle:
    """Make a bundle of a fitted model, with the catalog, all that its users have rated, and metadata."""
    metadata = {
        "recommender": settings["recommender"]["_target_"].rpartition(".")[-1],
        "dataset": interactions.name,
        "ratings_digest": interactions.digest,
        "n_users": model.train.n_users,
        "n_items": model.train.n_items,
        **facts,
        "config": settings,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    ratings = cast(Interactions, interactions)  # in this process: a model was fitted
    repeats = ratings.order_id is not None
    pairs = ratings.user_id, ratings.item_id, None, model.train.users, model.items, repeats
    seen = Histories.from_pairs(*pairs).without(model.train)
    catalog = ItemCatalog.empty() if interactions.items is None else interactions.items
    return Bundle(model, catalog, model.train, metadata, seen if len(seen.item_indices) else None)
