"""What the sweeper asks recsys: which trials have the same outcome, and which data they read.

The hooks `hydra.sweeper.equivalence` and `hydra.sweeper.data_digest`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf

from recsys.composition import build, build_experiment
from recsys.errors import ParameterError, RecsysError
from recsys.mining import min_count
from recsys.pipeline import prepare

# What does not change the outcome of a run: all engines find the same itemsets, and the rest is for the eye.
WITHOUT_EFFECT = ("hydra", "engine", "cache", "output", "experiment_name")

# Of a digest of the data: enough to tell one from the next, and not too many to be read.
DIGITS = 16


def outcome(cfg: DictConfig) -> str | None:
    """Return what runs of the same outcome have in common.

    Itemsets are counted in whole transactions. So two supports ask the same of the same transactions when
    they come to the same `min_count` (0.0101 and 0.0113 of 609 transactions are both 7 of them), and which
    engine counts makes no difference.

    Parameters
    ----------
    cfg : DictConfig
        The composed configuration of a trial.

    Returns
    -------
    str or None
        A digest of all that decides on the outcome. None where the run would end with an error, which it
        shall then tell itself.
    """
    asked: dict[str, Any] = {
        str(name): _plain(cfg[name]) for name in cfg if name not in WITHOUT_EFFECT
    }  # fmt: skip
    try:
        experiment = build_experiment(cfg)
        transactions = prepare(experiment, "validation").transactions
    except RecsysError:
        return None
    min_support = experiment.apriori.min_support
    asked["apriori"]["min_support"] = min_count(min_support, transactions.n_transactions)
    asked["transactions"] = transactions.digest
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def data_digest(cfg: DictConfig) -> dict[str, str]:
    """Return digests of what the dataset reads, feedback included: of contents, not of paths and times.

    Parameters
    ----------
    cfg : DictConfig
        The composed configuration of a trial.

    Raises
    ------
    CompactHydraException
        If the data cannot be read, or a parameter of the dataset breaks its rule.
    """
    try:
        return {name: digest[:DIGITS] for name, digest in _content_digests(cfg).items()}
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


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
