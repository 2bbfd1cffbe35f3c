"""Ways to hold likes out: each is an option of the config group `evaluation`."""

from recsys.evaluation.splits.evaluation import Evaluation, NoSplit, Part, read_cutoffs
from recsys.evaluation.splits.global_time import GlobalTime
from recsys.evaluation.splits.per_user import LeaveOut, UserHoldout, UserShare

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
