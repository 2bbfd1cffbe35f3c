"""Ways to hold likes out: each is an option of the config group `evaluation`."""

from recsys.evaluation.splits.evaluation import Evaluation, Part, read_cutoffs
from recsys.evaluation.splits.global_time import GlobalTime
from recsys.evaluation.splits.no_split import NoSplit
from recsys.evaluation.splits.per_user import LeaveOut, UserShare
from recsys.evaluation.splits.user_holdout import UserHoldout

__all__ = [
    "Evaluation",
    "GlobalTime",
    "LeaveOut",
    "NoSplit",
    "Part",
    "UserHoldout",
    "UserShare",
    "read_cutoffs",
]
