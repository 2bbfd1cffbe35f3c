"""A fitted model is measured as a run measures it."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.data import ItemCatalog
from recsys.evaluation import CompleteBasket, NextBasket
from recsys.metrics import CUT_IN_TIE
from recsys.mining import BitsetEngine, ItemsetCache
from recsys.pipeline import Experiment
from recsys.preprocessing import Preprocessing
from recsys.recommenders import RuleRecommender
from recsys.rules import Apriori
from recsys.runs import refit
from tests.evaluation.shop import InMemory, make

ORDERS = {
    "ann": ["bread milk", "tea bread", "bread jam", "bread tea"],
    "bob": ["milk", "bread milk jam", "milk tea"],
    "cal": ["tea jam", "milk tea", "bread tea", "jam milk"],
}


@pytest.mark.parametrize(
    "evaluation",
    [NextBasket(cutoffs=(2,)), CompleteBasket(cutoffs=(2,), test_size=0.5, validation_size=0.5)],
)
def test_orders_of_customers(evaluation, monkeypatch):
    shop = make(ORDERS)
    shop = replace(shop, price=np.char.str_len(shop.item_id).astype(float))
    parts = Preprocessing(likes="all"), Apriori(min_support=0.1), BitsetEngine(), ItemsetCache(enabled=False)
    experiment = Experiment(InMemory(shop), *parts, RuleRecommender(weight="confidence"), evaluation)
    monkeypatch.setattr(refit, "measured_experiment", lambda settings: experiment)
    expected, result = refit.measure(experiment)
    # What a model is stored with has no prices.
    histories = replace(result.model.train, item_values={})
    found = refit.measure_fitted(result.model, histories, ItemCatalog.empty(), {})
    metrics = expected.ranking.metrics
    assert found.ranking.metrics == {name: metrics[name] for name in metrics if name != CUT_IN_TIE}
    assert metrics["revenue@2"] > 0
    differences = found.differences(expected)
    assert differences.keys() == expected.ranking.per_user.keys()
    assert not any(one.value for one in differences.values())
    slices = refit.slices(experiment, expected, result.model)
    assert {one.metric for one in slices} == {"ndcg@2", "hit_share@2"}
