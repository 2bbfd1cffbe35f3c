"""What a run is judged by."""

from recsys.evaluation.objective import Objective
from recsys.evaluation.summary import METRICS, summarise

__all__ = ["METRICS", "Objective", "summarise"]
