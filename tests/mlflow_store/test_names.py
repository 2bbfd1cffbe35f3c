"""Names of recsys under the rules of MLflow."""

import pytest

from recsys.mlflow_store.names import name_of


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("ndcg@10", "ndcg_at_10"),
        ("recommender@recommender.model", "recommender_at_recommender.model"),
        ("++apriori.min_support", "apriori.min_support"),
        ("best.++apriori.min_support", "best.apriori.min_support"),
        ("n_rules>=100", "n_rules__100"),
        ("mlflow.source.name", "mlflow.source.name"),
        ("Prénom", "Pr_nom"),
    ],
)
def test_names(name, taken):
    assert name_of(name) == taken
