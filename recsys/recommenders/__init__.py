"""Recommenders: ranked items, with explanations, from users' histories."""

from recsys.recommenders.als import ALSRecommender
from recsys.recommenders.ease import EASERecommender
from recsys.recommenders.hybrid import HybridRecommender
from recsys.recommenders.item_knn import ItemKNNRecommender
from recsys.recommenders.model import Model, Reason, Recommender, State
from recsys.recommenders.personal_frequency import PersonalFrequencyRecommender
from recsys.recommenders.popularity import PopularityRecommender
from recsys.recommenders.recommendations import FALLBACK, MODEL, POLICY, RULE, SOURCES, Recommendations
from recsys.recommenders.rules import RuleRecommender
from recsys.recommenders.tifuknn import TIFUKNNRecommender
from recsys.recommenders.up_cf import UPCFRecommender

__all__ = [
    "FALLBACK",
    "MODEL",
    "POLICY",
    "RULE",
    "SOURCES",
    "ALSRecommender",
    "EASERecommender",
    "HybridRecommender",
    "ItemKNNRecommender",
    "Model",
    "PersonalFrequencyRecommender",
    "PopularityRecommender",
    "Reason",
    "Recommendations",
    "Recommender",
    "RuleRecommender",
    "State",
    "TIFUKNNRecommender",
    "UPCFRecommender",
]
