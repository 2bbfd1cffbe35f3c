"""Fitted models as settings and arrays, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy.typing as npt
from scipy import sparse

from recsys.data.histories import Histories
from recsys.errors import ParameterError
from recsys.mining import FrequentItemsets
from recsys.recommenders import (
    ALSRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    Model,
    RuleRecommender,
)
from recsys.recommenders.als import ALSModel
from recsys.recommenders.ease import DualEASE, PrimalEASE
from recsys.recommenders.hybrid import HybridModel
from recsys.recommenders.item_knn import ItemKNNModel
from recsys.recommenders.popularity import PopularityModel
from recsys.recommenders.rules import RuleModel
from recsys.rules import Rules

Arrays = dict[str, npt.NDArray[Any]]
Settings = dict[str, Any]

TRIE = ("parents", "last_items", "counts", "offsets")
SIDES = ("antecedents", "consequents", "itemsets")
SPARSE = ("data", "indices", "indptr")
HYBRID = ("rules", "model")


@dataclass(frozen=True)
class Parts:
    """A model, taken apart; all but the likes that it was fitted on.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    settings : dict
        As JSON has them.
    arrays : dict of str to ndarray
    """

    kind: str
    settings: Settings
    arrays: Arrays


def take_apart(model: Model) -> Parts:
    """Take a model apart.

    Raises
    ------
    ParameterError
        If it is of no recommender of `recsys.recommenders`.
    """
    for kind, (of, _, apart) in KINDS.items():
        if type(model) is of:
            return Parts(kind, *apart(model))
    names = ", ".join(of.__name__ for of, _, _ in KINDS.values())
    raise ParameterError("model", f"one of {names}, to be saved", model)


def put_together(parts: Parts, train: Histories) -> Any:
    """Make the model again; a KeyError or TypeError says that something is missing."""
    return KINDS[parts.kind][1](train, parts.settings, parts.arrays)


def _apart_rules(model: RuleModel) -> tuple[Settings, Arrays]:
    rules, source = model.rules, model.rules.source
    settings = {
        "settings": asdict(model.settings),
        "rules": {name: getattr(rules, name) for name in ("metric", "min_threshold", "n_found")},
        "source": {name: getattr(source, name) for name in ("n_transactions", "min_support", "max_len")},
    }
    arrays = {name: getattr(source, name) for name in TRIE} | {name: getattr(rules, name) for name in SIDES}
    return settings, arrays | {"weights": model.weights}


def _rules(train: Histories, settings: Settings, arrays: Arrays) -> RuleModel:
    # The items of the itemsets are those of the training part, as RuleRecommender.fit sees to.
    of_source: dict[str, Any] = {name: arrays[name] for name in TRIE} | settings["source"]
    of_rules: dict[str, Any] = {name: arrays[name] for name in SIDES} | settings["rules"]
    rules = Rules(FrequentItemsets(items=train.items, **of_source), **of_rules)
    return RuleModel(train, RuleRecommender(**settings["settings"]), rules, arrays["weights"])


def _apart_popularity(model: PopularityModel) -> tuple[Settings, Arrays]:
    return {}, {}


def _popularity(train: Histories, settings: Settings, arrays: Arrays) -> PopularityModel:
    return PopularityModel(train)


def _apart_item_knn(model: ItemKNNModel) -> tuple[Settings, Arrays]:
    return {}, {name: getattr(model.similarities, name) for name in SPARSE}


def _item_knn(train: Histories, settings: Settings, arrays: Arrays) -> ItemKNNModel:
    parts = tuple(arrays[name] for name in SPARSE)
    return ItemKNNModel(train, sparse.csr_array(parts, shape=(train.n_items, train.n_items)))


def _apart_als(model: ALSModel) -> tuple[Settings, Arrays]:
    als = model.als
    settings = {name: getattr(als, name) for name in ("factors", "regularization", "alpha")}
    # Y'Y as it was: computed again, by another number of threads, its last digits may be others.
    return settings, {"item_factors": als.item_factors, "YtY": als.YtY}


def _als(train: Histories, settings: Settings, arrays: Arrays) -> ALSModel:
    return ALSModel.from_factors(train, arrays["item_factors"], arrays["YtY"], **settings)


def _apart_primal_ease(model: PrimalEASE) -> tuple[Settings, Arrays]:
    return {}, {"weights": model.weights}


def _primal_ease(train: Histories, settings: Settings, arrays: Arrays) -> PrimalEASE:
    return PrimalEASE(train, arrays["weights"])


def _apart_dual_ease(model: DualEASE) -> tuple[Settings, Arrays]:
    return {}, {"inverse": model.inverse, "taken": model.taken}


def _dual_ease(train: Histories, settings: Settings, arrays: Arrays) -> DualEASE:
    return DualEASE(train, arrays["inverse"], arrays["taken"])


def _apart_hybrid(model: HybridModel) -> tuple[Settings, Arrays]:
    parts = {name: take_apart(getattr(model, name)) for name in HYBRID}
    recommender = asdict(model.settings.model)
    settings = {
        "mode": model.settings.mode,
        "rules_share": model.settings.rules_share,
        "recommender": {"kind": type(model.settings.model).__name__, "settings": recommender},
        "parts": {name: {"kind": part.kind, "settings": part.settings} for name, part in parts.items()},
    }
    arrays = {
        f"{name}.{array}": values for name, part in parts.items() for array, values in part.arrays.items()
    }
    return settings, arrays


def _hybrid(train: Histories, settings: Settings, arrays: Arrays) -> HybridModel:
    made = {
        name: put_together(Parts(**settings["parts"][name], arrays=_of(name, arrays)), train)
        for name in HYBRID
    }
    recommender = settings["recommender"]
    hybrid = HybridRecommender(
        rules=made["rules"].settings,
        model=RECOMMENDERS[recommender["kind"]](**recommender["settings"]),
        mode=settings["mode"],
        rules_share=settings["rules_share"],
    )
    return HybridModel(train, hybrid, **made)


def _of(name: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """Return the arrays of one of the parts, by their own names."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): values for key, values in arrays.items() if key.startswith(prefix)}


RECOMMENDERS: dict[str, Callable[..., Any]] = {
    one.__name__: one for one in (EASERecommender, ItemKNNRecommender, ALSRecommender)
}

#: The class of each kind, what makes it, and what takes it apart.
KINDS: dict[str, tuple[type[Any], Callable[..., Any], Callable[[Any], tuple[Settings, Arrays]]]] = {
    "rules": (RuleModel, _rules, _apart_rules),
    "popularity": (PopularityModel, _popularity, _apart_popularity),
    "item_knn": (ItemKNNModel, _item_knn, _apart_item_knn),
    "als": (ALSModel, _als, _apart_als),
    "primal_ease": (PrimalEASE, _primal_ease, _apart_primal_ease),
    "dual_ease": (DualEASE, _dual_ease, _apart_dual_ease),
    "hybrid": (HybridModel, _hybrid, _apart_hybrid),
}
