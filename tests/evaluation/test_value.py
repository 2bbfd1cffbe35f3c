"""What the hits of lists are worth: by definition, and from the prices of the training data."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import pipeline
from recsys.data import Positives
from recsys.errors import ParameterError
from recsys.evaluation import NextBasket, Objective, bootstrap_intervals, evaluate, preparation
from recsys.evaluation.value import VALUE
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import RuleRecommender
from recsys.rules import Apriori
from tests.evaluation import naive
from tests.evaluation.shop import InMemory, make
from tests.evaluation.strategies import (
    deterministic,
    make_histories,
    make_recommendations,
    make_targets,
    ranking_problems,
)

ALL = Preprocessing(likes="all")
ORDERS = {
    "ann": ["bread milk", "tea bread", "bread jam", "bread tea"],
    "bob": ["milk", "bread milk", "milk tea"],
    "cal": ["tea jam", "milk", "bread"],
}


def measure(lists, held_out, cutoffs=(1, 3, 10), **values):
    n_items = len(next(iter(values.values())))
    values = {name: np.array(one, dtype=float) for name, one in values.items()}
    train = replace(make_histories([range(n_items)], n_items), item_values=values)
    targets = make_targets(held_out, n_items)
    return evaluate(make_recommendations(lists, 10), targets, train, cutoffs)


@deterministic
@given(problem=ranking_problems(), drawn=st.data())
def test_as_the_definitions_read(problem, drawn):
    n_items, lists, _, held_out, *_ = problem
    value = st.floats(0, 20, allow_subnormal=False)
    prices, margins = (drawn.draw(st.lists(value, min_size=n_items, max_size=n_items)) for _ in range(2))
    result = measure(lists, held_out, price=prices, margin=margins)
    users = list(zip(lists, held_out, strict=True))
    for k in (1, 3, 10):
        for name, values in {"revenue": prices, "margin": margins}.items():
            expected = [naive.revenue(listed, liked, values, k) for listed, liked in users]
            assert result.per_user[f"{name}@{k}"] == pytest.approx(expected)
            assert result.metrics[f"{name}@{k}"] == pytest.approx(np.mean(expected))
        captured = [naive.revenue_capture(listed, liked, prices, k) for listed, liked in users]
        expected = [one for one in captured if one is not None]
        found = f"revenue_capture@{k}"
        if not expected:
            assert found not in result.metrics
            continue
        assert result.per_user[found] == pytest.approx(expected)
        assert result.of_metric(found).users.tolist() == [
            u for u, one in enumerate(captured) if one is not None
        ]


def test_by_hand():
    result = measure([[0, 1, 2], [2, 1]], [[1, 2, 9], [3]], price=[1, 2, 4, 8], margin=[1, -1, 0.5, 2])
    assert result.per_user["revenue@3"].tolist() == [6, 0]
    assert result.metrics["margin@3"] == -0.25
    assert result.metrics["revenue_capture@1"] == 0
    assert result.metrics["revenue_capture@3"] == (6 / 6 + 0 / 8) / 2, "9 is not known, nor is its price"
    assert set(bootstrap_intervals(result, n_resamples=5)) >= {"revenue@3", "margin@3"}
    without = measure([[0, 1]], [[1]], margin=[1, 2]).metrics
    assert not {"revenue@3", "revenue_capture@3"} & set(without)
    assert not {name for name in measure([[0]], [[0]], price=[0]).metrics if "capture" in name}


def test_items_without_a_price_are_counted():
    metrics = measure([[0, 1]], [[0, 1]], price=[np.nan, 3], margin=[1, 1]).metrics
    assert metrics["revenue@3"] == 3
    assert metrics["n_items_without_price"] == 1
    assert "n_items_without_margin" not in metrics


def test_a_price_is_the_mean_of_the_known_ones():
    items = np.array(["a", "b", "a", "c", "a", "x"])
    price = np.array([1, 5, 2, np.nan, np.nan, 7])
    lines = Positives(np.arange(6), items, price=price)
    values = lines.item_values(np.array(["a", "b", "c"]))
    np.testing.assert_array_equal(values["price"], [1.5, 5, np.nan])
    assert list(values) == ["price"]
    assert not lines.item_values(np.array([], dtype="U1"))["price"].size
    assert not Positives(np.arange(6), items).item_values(items[:1])


def shop(price_of_last=3.0):
    """Make orders in which a line of the second order of a customer costs 2, of the last another price."""
    data = make(ORDERS)
    last = {"ann": 4, "bob": 3, "cal": 3}
    is_last = np.array([order == last[user] for user, order in zip(data.user_id, data.order_id, strict=True)])
    price = np.where(is_last, price_of_last, np.where(data.order_id == 2, 2.0, 1.0))
    return replace(data, price=price, margin=price / 4)


def test_prices_are_those_of_the_training_data():
    values = []
    for price in (3.0, 99.0):
        prepared = preparation.prepare(shop(price), ALL, NextBasket(), "test")
        train, items = prepared.train, prepared.train.items.tolist()
        values.append(train.item_values["price"].tolist())
        assert train.item_values["price"][items.index("bread")] == (1 + 2 + 1 + 2) / 4
        assert train.item_values["margin"][items.index("bread")] == 1.5 / 4
    assert values[0] == values[1], "what is held out has no influence"


def test_a_run_has_revenue_and_margin_and_an_objective_takes_them():
    parts = ALL, Apriori(min_support=0.1), BitsetEngine(), ItemsetCache(enabled=False)
    evaluation = NextBasket(cutoffs=(2,))
    experiment = Experiment(InMemory(shop()), *parts, RuleRecommender(weight="confidence"), evaluation)
    metrics = pipeline.run(experiment).metrics
    assert {f"{name}@2" for name in VALUE} <= set(metrics)
    assert metrics["margin@2"] == pytest.approx(metrics["revenue@2"] / 4)
    assert metrics["revenue@2"] > 0
    both = Objective(["ndcg@2", "revenue@2"], ["maximize", "maximize"])
    both.check(evaluation)
    assert both(metrics) == (metrics["ndcg@2"], metrics["revenue@2"])
    unpriced = replace(experiment, dataset=InMemory(make(ORDERS)))
    with pytest.raises(ParameterError, match=r"objective\.metrics must be measured .* Got 'revenue@2'"):
        both(pipeline.run(unpriced).metrics)
