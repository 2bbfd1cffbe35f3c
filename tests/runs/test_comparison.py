"""What is compared, and in which order."""

from types import SimpleNamespace

import pytest

from recsys.evaluation import Interval, PairedDifference
from recsys.runs.comparison import Comparison, best_first, main_metric


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


def intervals(**values):
    return {f"{name}@10": Interval(value, value - 0.1, value + 0.1) for name, value in values.items()}


def test_repeats_and_new_items_stand_apart():
    measured = {
        "a": intervals(ndcg=0.5, ndcg_repeat=0.6, ndcg_new=0.2, repeat_share=0.9),
        "b": intervals(ndcg=0.4, ndcg_repeat=0.3, ndcg_new=0.3, repeat_share=0.4),
    }
    differences = {"a": intervals(ndcg=0.1, ndcg_repeat=0.3, ndcg_new=-0.1)}
    header, *rows = Comparison("recommender", "ndcg@10", measured, differences, []).table_of_repeats()
    columns = ["ndcg_repeat@10", "ndcg_repeat@10 minus b", "ndcg_new@10", "ndcg_new@10 minus b"]
    assert header == ["recommender", *columns, "repeat_share@10"]
    assert rows == [
        ["a", "0.6000 (0.5000 to 0.7000)", "+0.3000 (+0.2000 to +0.4000)", "0.2000 (0.1000 to 0.3000)",
         "-0.1000 (-0.2000 to +0.0000)", "0.9000"],
        ["b", "0.3000 (0.2000 to 0.4000)", "", "0.3000 (0.2000 to 0.4000)", "", "0.4000"],
    ]  # fmt: skip


def test_without_repeats_there_is_no_such_table():
    measured = {name: intervals(ndcg=0.5) for name in "ab"}
    differences = {"a": intervals(ndcg=0.1)}
    assert Comparison("recommender", "ndcg@10", measured, differences, []).table_of_repeats() == []


@pytest.mark.parametrize(
    ("baseline", "p_value", "sentence"),
    [
        (
            "c",
            0.3,
            "The difference to b, the next, is +0.1000 (+0.0000 to +0.2000), which chance may explain. "
            "The difference to c, the baseline, is +0.2000 (+0.1000 to +0.3000).",
        ),
        ("b", 0.01, "The difference to b, the next, is +0.1000 (+0.0000 to +0.2000), which is significant."),
        (
            "a",
            0.01,
            "The difference to b, the next, is +0.1000 (+0.0000 to +0.2000), which is significant. It is the "
            "baseline: nothing surpasses it.",
        ),
    ],
)
def test_the_sentence_claims_what_the_pairs_show(baseline, p_value, sentence):
    measured = {"a": intervals(ndcg=0.5), "b": intervals(ndcg=0.4), "c": intervals(ndcg=0.3)}
    values = {"a": 0.2, "b": 0.1, "c": -0.1}
    differences = {name: intervals(ndcg=values[name]) for name in "abc" if name != baseline}
    pairs = [PairedDifference("a", "b", Interval(0.1, 0.0, 0.2), p_value)]
    comparison = Comparison("recommender", "ndcg@10", measured, differences, pairs)
    assert comparison.sentence() == (
        "On the test part a comes first of the 3 values of recommender, with ndcg@10 0.5000 (0.4000 to "
        f"0.6000). {sentence}"
    )
