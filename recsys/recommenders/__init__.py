"""Recommenders: histories in, ranked items with their reasons out."""

from recsys.recommenders.als import ALSModel, ALSRecommender
from recsys.recommenders.ease import DualEASE, EASERecommender, PrimalEASE
from recsys.recommenders.hybrid import HybridModel, HybridRecommender
from recsys.recommenders.item_knn import ItemKNNModel, ItemKNNRecommender
from recsys.recommenders.popularity import PopularityModel, PopularityRecommender
from recsys.recommenders.recommendations import FALLBACK, MODEL, RULE, SOURCES, Recommendations
from recsys.recommenders.recommender import Model, Reason, Recommender, State
from recsys.recommenders.rules import RuleModel, RuleRecommender

#: The model classes that a saved bundle may name by their `kind`.
MODELS: tuple[type[Model], ...] = (
    RuleModel,
    PopularityModel,
    ItemKNNModel,
    ALSModel,
    PrimalEASE,
    DualEASE,
    HybridModel,
)

__all__ = [
    "FALLBACK",
    "MODEL",
    "MODELS",
    "RULE",
    "SOURCES",
    "ALSRecommender",
    "EASERecommender",
    "HybridRecommender",
    "ItemKNNRecommender",
    "Model",
    "PopularityRecommender",
    "Reason",
    "Recommendations",
    "Recommender",
    "RuleRecommender",
    "State",
]
