"""Bundles of refitted settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys.runs.stored_config import read_settings

if TYPE_CHECKING:
    from recsys.data import InteractionSet
    from recsys.models.bundle import Bundle
    from recsys.recommenders import Model


def train(folder: Path) -> Bundle:
    """Fit the recommender of a run, or of the best trial of a sweep, on all ratings.

    Raises
    ------
    DataNotFoundError
        If there is no configuration in the folder.
    RecsysError
        As a run does; see the tree in `recsys.errors`.
    """
    from recsys.runs.sweep import run_folder

    return fit_bundle(read_settings(run_folder(folder)))


def fit_bundle(settings: Mapping[str, Any]) -> Bundle:
    """Fit the recommender of stored settings on all ratings."""
    from recsys.runs.refit import refit

    prepared, model = refit(settings)
    facts = {"transactions_digest": prepared.transactions.digest, "learnt_from": "all ratings"}
    return make_bundle(model, prepared.interactions, settings, facts)


def make_bundle(
    model: Model, ratings: InteractionSet, settings: Mapping[str, Any], facts: Mapping[str, Any]
) -> Bundle:
    """Make a bundle of a fitted model, with the catalog of its items and metadata."""
    from recsys.data import ItemCatalog
    from recsys.models.bundle import Bundle

    metadata = {
        "recommender": settings["recommender"]["_target_"].rpartition(".")[-1],
        "dataset": ratings.name,
        "ratings_digest": ratings.digest,
        "n_users": model.train.n_users,
        "n_items": model.train.n_items,
        **facts,
        "config": settings,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Bundle(model, ratings.items or ItemCatalog.empty(), model.train, metadata)
