"""Runs, sweeps and recommenders as objects: what `recsys.run`, `recsys.sweep` and `recsys.load` return."""

from recsys.interactive.recommendations import Explanation, RecommendationList
from recsys.interactive.recommender import FittedRecommender, load
from recsys.interactive.runs import Run, run
from recsys.interactive.sweeps import Sweep, sweep
from recsys.interactive.titled_rules import TitledRules

__all__ = [
    "Explanation",
    "FittedRecommender",
    "RecommendationList",
    "Run",
    "Sweep",
    "TitledRules",
    "load",
    "run",
    "sweep",
]
