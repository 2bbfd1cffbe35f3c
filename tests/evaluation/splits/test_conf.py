"""Every evaluation of the configuration can be chosen."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from recsys.composition import build
from recsys.evaluation import (
    AutoEvaluation,
    CompleteBasket,
    GlobalTime,
    LeaveOut,
    NextBasket,
    NoSplit,
    Rolling,
    UserHoldout,
    UserShare,
)

CONF = Path(__file__).parents[3] / "conf"
CHOICES = {
    "auto": AutoEvaluation(),
    "temporal": UserShare(),
    "random": UserShare(order="random"),
    "leave_last_out": LeaveOut(),
    "leave_random_out": LeaveOut(order="random"),
    "complete_basket": CompleteBasket(),
    "global_time": GlobalTime(),
    "user_holdout": UserHoldout(),
    "rolling": Rolling(),
    "next_basket": NextBasket(),
    "none": NoSplit(),
}


def choose(choice, *overrides):
    with initialize_config_dir(str(CONF), version_base=None):
        config = compose(overrides=[f"+evaluation={choice}", "+seed=42", *overrides])
        return build(config, "evaluation")


@pytest.mark.parametrize("choice", CHOICES)
def test_the_files_say_the_defaults_of_the_classes(choice):
    assert choose(choice) == CHOICES[choice]
    assert hash(choose(choice)) == hash(CHOICES[choice])


def test_every_file_is_a_choice():
    assert {path.stem for path in CONF.glob("evaluation/[!_]*.yaml")} == set(CHOICES)


def test_overrides():
    assert choose("temporal", "seed=7", "evaluation.cutoffs=[3]") == UserShare(seed=7, cutoffs=(3,))
    assert choose("global_time", "evaluation.test_from=2017-06-30") == GlobalTime(test_from="2017-06-30")
