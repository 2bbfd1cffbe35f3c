"""What is compared, and in which order."""

from types import SimpleNamespace

import pytest

from recsys.evaluation import Interval
from recsys.reporting.comparison_table import best_first, main_metric


@pytest.mark.parametrize(
    ("objective", "of_users", "metric"),
    [
        ("arp@10", {"ndcg@10", "arp@10"}, "arp@10"),
        ("coverage@10", {"ndcg@10", "arp@10"}, "ndcg@10"),  # of all lists together: no pairs by user
        ("max_lift", {"ndcg@5", "ndcg@20"}, "ndcg@20"),
    ],
)
def test_a_metric_of_users_is_compared(objective, of_users, metric):
    assert main_metric(SimpleNamespace(metrics=(objective,)), of_users) == metric


@pytest.mark.parametrize(
    ("objective", "direction", "order"),
    [
        ("arp@10", "minimize", ["few", "many"]),
        ("arp@10", "maximize", ["many", "few"]),
        ("n_rules", "minimize", ["many", "few"]),  # the order is that of arp@10, for which higher is better
    ],
)
def test_the_best_comes_first(objective, direction, order):
    sweep = SimpleNamespace(metrics=(objective,), directions=(direction,))
    measured = {name: {"arp@10": Interval(value, value, value)} for name, value in (("few", 1), ("many", 9))}
    assert list(best_first(sweep, measured, "arp@10")) == order
