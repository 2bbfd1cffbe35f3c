"""The configuration: every option makes its recommender, with the defaults that the classes have."""

import pytest
from hydra import compose, initialize_config_dir

from recsys.composition import build
from recsys.recommenders import (
    ALSRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PersonalFrequencyRecommender,
    PopularityRecommender,
    RuleRecommender,
    TIFUKNNRecommender,
    UPCFRecommender,
)
from tests.conftest import ROOT

OPTIONS = {
    "popularity": PopularityRecommender(),
    "rules": RuleRecommender(),
    "weighted_rules": RuleRecommender(weight="jaccard"),
    "item_knn": ItemKNNRecommender(),
    "ease": EASERecommender(),
    "als": ALSRecommender(seed=42),
    "hybrid": HybridRecommender(),
    "personal_frequency": PersonalFrequencyRecommender(),
    "tifuknn": TIFUKNNRecommender(),
    "up_cf": UPCFRecommender(),
}


def made(option, *overrides):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose(f"recommender/{option}", ["+seed=42", *overrides])
    return build(config, "recommender")


def test_all_options_are_here():
    assert {path.stem for path in (ROOT / "conf" / "recommender").glob("*.yaml")} == set(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_the_defaults_of_its_class(option):
    assert made(option) == OPTIONS[option]


def test_the_parts_of_a_hybrid_are_searchable():
    hybrid = made("hybrid", "recommender.model.regularization=9", "recommender.rules.alpha=0.2")
    assert hybrid == HybridRecommender(RuleRecommender(alpha=0.2), EASERecommender(9))


@pytest.mark.parametrize("option", ["als", "item_knn"])
def test_a_hybrid_takes_another_model(option):
    assert made("hybrid", f"recommender@recommender.model={option}").model == OPTIONS[option]
