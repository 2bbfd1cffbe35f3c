"""Hooks of the sweeper: `hydra.sweeper.equivalence` and `hydra.sweeper.data_digest`."""

import hashlib
import json
from typing import Any

from hydra.errors import CompactHydraException
from omegaconf import DictConfig

from recsys.composition import build, build_experiment, plain_value
from recsys.errors import ParameterError, RecsysError
from recsys.mining import min_count
from recsys.pipeline import for_data, prepare

# Groups that do not change the outcome of a run: all engines return the same itemsets.
WITHOUT_EFFECT = ("hydra", "engine", "cache", "output", "experiment_name")

DIGITS = 16  # of a digest of the data


def outcome(cfg: DictConfig) -> str | None:
    """Return a digest that is the same for all trials with the same outcome; None if it ends with an error.

    Itemsets are counted in whole transactions: two values of `min_support` are equivalent if they have the
    same count (0.0101 and 0.0113 of 609 transactions are both 7 transactions).
    """
    settings: dict[str, Any] = {str(key): plain_value(cfg[key]) for key in cfg if key not in WITHOUT_EFFECT}
    try:
        experiment = for_data(build_experiment(cfg))
        transactions = prepare(experiment, "validation").transactions
        n_transactions = transactions.n_transactions
        count = min_count(experiment.apriori.support(n_transactions), n_transactions)
    except RecsysError:
        return None
    settings["apriori"]["min_support"], settings["apriori"]["min_count"] = None, count
    settings["transactions"] = transactions.digest
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def data_digest(cfg: DictConfig) -> dict[str, str]:
    """Return digests of the contents of the files that the dataset reads, of the feedback and of policies.

    Raises CompactHydraException if the data cannot be read, or a parameter of the dataset breaks its rule.
    """
    try:
        digests = _content_digests(cfg)
        if (policies := build(cfg, "evaluation").read_policies()) is not None:
            digests["policies"] = policies.digest
        return {name: digest[:DIGITS] for name, digest in digests.items()}
    except RecsysError as error:
        raise CompactHydraException(str(error)) from error


def _content_digests(cfg: DictConfig) -> dict[str, str]:
    dataset = build(cfg, "dataset")
    digests: dict[str, str] | None = dataset.content_digests()
    if digests is not None:
        return digests
    try:
        opened = dataset.open_in(build(cfg, "engine"))
    except ParameterError:  # of the engine: the run ends with it
        return {}
    with opened as ratings:
        return {"ratings": ratings.digest}
