"""Bundles of refitted settings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np

from recsys import pipeline
from recsys.data import Histories, Interactions, InteractionSet, ItemCatalog
from recsys.models.bundle import Bundle
from recsys.models.bundle_folder import BUNDLE_FILE
from recsys.models.mlflow_model import is_address, load_bundle
from recsys.pipeline import Experiment
from recsys.recommenders import Model
from recsys.runs.refit import refit
from recsys.runs.stored_config import read_settings
from recsys.runs.sweep import run_folder

ALL_DATA = "all data"  # what a bundle of refitted settings was fitted on


def load_or_fit(model: str) -> Bundle:
    """Load a bundle, or fit the recommender of a run, or of the best trial of a sweep, on all data.

    `model` is an MLflow address such as models:/recsys@champion, or the folder of a bundle, a run, a trial or
    a sweep. DataNotFoundError is raised if there is neither a bundle nor a configuration in the folder, other
    errors as by `load_bundle` or a run.
    """
    if is_fitted(model):
        return load_bundle(model)
    return fit_bundle(read_settings(run_folder(Path(model))))


def is_fitted(model: str) -> bool:
    """Whether a model is given as an MLflow address or the folder of a bundle, not as a run or a sweep."""
    return is_address(model) or Path(model, BUNDLE_FILE).exists()


def fit_bundle(settings: Mapping[str, Any], experiment: Experiment | None = None) -> Bundle:
    """Fit the recommender of stored settings on all data; `experiment` are their objects, if they exist."""
    prepared, model = refit(settings) if experiment is None else pipeline.learn(experiment)
    facts = {"transactions_digest": prepared.transactions.digest, "fitted_on": ALL_DATA}
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
    seen = _not_recommended(cast(Interactions, interactions), model)  # in this process: a model was fitted
    catalog = ItemCatalog.empty() if interactions.items is None else interactions.items
    return Bundle(model, catalog, model.train, metadata, seen if len(seen.item_indices) else None)


def _not_recommended(data: Interactions, model: Model) -> Histories:
    """Return what is not recommended to the users of the model, beside their histories.

    All that they have rated or refused; if they buy the same things again, only what they have refused.
    """
    refused = np.empty((0, 2), dtype=object) if data.refused is None else data.refused
    user = np.array(refused[:, 0].tolist(), data.user_id.dtype.type)
    item = np.array(refused[:, 1].tolist(), data.item_id.dtype.type)
    over = model.train.users, model.items
    if model.train.repeats:
        return Histories.from_pairs(user, item, None, *over)
    if len(refused):
        user, item = np.append(data.user_id, user), np.append(data.item_id, item)
    else:
        user, item = data.user_id, data.item_id
    repeats = len(refused) > 0 or data.order_id is not None
    return Histories.from_pairs(user, item, None, *over, repeats).without(model.train)
