"""Metrics of a run: the names that several packages use, directions, formats and intervals.

Values are finite numbers: `recsys.runs.json_file.write_json` refuses others before Optuna, MLflow or a report
read them.
"""

from dataclasses import dataclass

MAX_LIFT = "max_lift"
# Of recommendation lists, with the length of the lists.
NDCG, RECALL, COVERAGE = "ndcg@10", "recall@10", "coverage@10"
LIST_METRICS = (NDCG, RECALL, "mrr@10", COVERAGE, "novelty@10", "diversity@10", "fallback_share@10")
# Of what the user has had before, and of what is new to the user.
OF_EACH = ("ndcg_repeat@10", "ndcg_new@10")
REPEAT_SHARE = "repeat_share@10"
SERVING_TIME = "milliseconds_per_user"  # lists are made for all users at once
CUT_IN_TIE = "n_users_cut_in_tie"  # users whose visible and held-out likes share a moment
N_USERS = "n_evaluated_users"

# Directions of an objective, with the sign by which higher is better.
DIRECTIONS = {"maximize": 1, "minimize": -1}

# Formats: of values in tables, of the best value, of list metrics.
SHORT, LONG, DECIMALS = ".6g", ".10g", ".4f"


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its interval.

    `f"{interval:.4f}"` is "0.1077 (0.0942 to 0.1201)", or "0.1077" if the bounds are equal in these digits.
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        value, low, high = (format(number, spec) for number in (self.value, self.low, self.high))
        return value if value == low == high else f"{value} ({low} to {high})"


def cutoff(metric: str) -> int:
    """Return the cut-off of a list metric, 10 for `ndcg@10`; 0 if it has none."""
    k = metric.partition("@")[2]
    return int(k) if k.isdecimal() else 0
