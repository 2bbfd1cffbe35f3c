"""What a run is judged by: its rules, and the lists that a recommender makes of them."""

from recsys.evaluation.beyond_accuracy import encode_categories
from recsys.evaluation.bootstrap import bootstrap_intervals, paired_differences
from recsys.evaluation.holdout import Holdout, Split, Targets
from recsys.evaluation.objective import Objective
from recsys.evaluation.pairs import PairedDifference, pairwise_differences
from recsys.evaluation.preparation import Prepared
from recsys.evaluation.ranking import RankingResult, evaluate, metric_names
from recsys.evaluation.slices import Slice, slices_of_items, slices_of_users
from recsys.evaluation.splits.auto import AutoEvaluation
from recsys.evaluation.splits.complete_basket import CompleteBasket
from recsys.evaluation.splits.evaluation import Evaluation, NoSplit, Part
from recsys.evaluation.splits.global_time import GlobalTime, Rolling
from recsys.evaluation.splits.next_basket import NextBasket
from recsys.evaluation.splits.per_user import LeaveOut, UserHoldout, UserShare
from recsys.evaluation.summary import METRICS, summarise
from recsys.metrics import Interval

__all__ = [
    "METRICS",
    "AutoEvaluation",
    "CompleteBasket",
    "Evaluation",
    "GlobalTime",
    "Holdout",
    "Interval",
    "LeaveOut",
    "NextBasket",
    "NoSplit",
    "Objective",
    "PairedDifference",
    "Part",
    "Prepared",
    "RankingResult",
    "Rolling",
    "Slice",
    "Split",
    "Targets",
    "UserHoldout",
    "UserShare",
    "bootstrap_intervals",
    "encode_categories",
    "evaluate",
    "metric_names",
    "paired_differences",
    "pairwise_differences",
    "slices_of_items",
    "slices_of_users",
    "summarise",
]
