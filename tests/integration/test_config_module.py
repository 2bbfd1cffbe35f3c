"""Other Hydra programs compose the packaged configuration by the name of its module."""

from hydra import compose, initialize_config_module

from recsys.composition import build_experiment


def test_the_configuration_is_a_module():
    with initialize_config_module("recsys.conf", version_base="1.3"):
        config = compose("config", ["recommender=ease", "apriori.min_support=0.02"])
    experiment = build_experiment(config)
    assert (type(experiment.recommender).__name__, experiment.apriori.min_support) == (
        "EASERecommender",
        0.02,
    )
