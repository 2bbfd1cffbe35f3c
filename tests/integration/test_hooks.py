"""What the sweeper hears from the pipeline: equivalent trials, reports, constraints, questions too big."""

import csv
from pathlib import Path

import optuna
import pytest
import yaml
from omegaconf import OmegaConf
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from recsys.runs.equivalence import outcome

SWEEP = ("-m", "hydra/sweeper=optuna", "hydra.sweep.dir=sweep", "hydra.sweeper.study_name=study")
SWEEP += ("~hydra.callbacks.report",)
GRID = (*SWEEP, "hydra/sweeper/sampler=grid")


def study() -> optuna.Study:
    storage = JournalStorage(JournalFileBackend("multirun/studies/study.log"))
    return optuna.load_study(study_name="study", storage=storage)


def results() -> dict:
    return yaml.safe_load(Path("sweep/optimization_results.yaml").read_text("utf-8"))


def test_supports_of_the_same_count_are_one_question(call):
    # Of 671 transactions: 134.2, 134.9 and 133.5 come to 135, 135 and 134 of them.
    asked = call(*GRID, "apriori.min_support=0.2,0.201,0.199")
    assert asked.code == 0, asked.stderr
    answered = {
        trial.params["apriori.min_support"]: trial.user_attrs.get("answered_from") for trial in study().trials
    }
    assert answered[0.199] is None
    assert sorted(answered[support] is None for support in (0.2, 0.201)) == [False, True]
    values = {trial.params["apriori.min_support"]: trial.value for trial in study().trials}
    assert values[0.2] == values[0.201]


def test_trials_of_changed_data_are_not_answered_from_old_ones(call, tmp_path):
    """Baskets are replaced between two sweeps of one study."""
    baskets = (*SWEEP, "dataset=csv", "dataset.layout=baskets", "dataset.path=data.csv", "preprocessing=all")
    baskets += ("evaluation=none", "hydra/sweeper/sampler=random", "apriori.min_support=choice(0.02,0.04)")

    def write(step):
        pairs = (f"{user},{item}" for user in range(20) for item in range(0, 20, 1 + user % step))
        (tmp_path / "data.csv").write_text("\n".join(["user_id,item_id", *pairs]))

    write(3)
    assert call(*baskets, "hydra.sweeper.n_trials=2").code == 0
    write(4)
    refused = call(*baskets, "hydra.sweeper.n_trials=4")
    assert refused.code == 1
    assert "The study study has another identity: the data of ratings was " in refused.stderr
    assert "hydra.sweeper.allow_changes=true" in refused.stderr
    assert len(study().trials) == 2
    allowed = call(*baskets, "hydra.sweeper.n_trials=4", "hydra.sweeper.allow_changes=true")
    assert allowed.code == 0, allowed.stderr
    assert all(trial.user_attrs.get("answered_from", 2) >= 2 for trial in study().trials[2:])
    assert results()["best_trial"] >= 2


@pytest.fixture
def config() -> OmegaConf:
    from hydra import compose, initialize_config_dir

    from recsys.__main__ import CONF

    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config")


@pytest.mark.parametrize(
    ("key", "value", "same"),
    [
        ("apriori.min_support", 0.0501, True),  # 33.6 and 33.55 of 671 are both 34
        ("apriori.min_support", 0.06, False),
        ("apriori.min_count", 34, True),
        ("apriori.min_count", 35, False),
        ("apriori.min_threshold", 1.5, False),
        ("apriori.metric", "support", False),
        ("apriori.max_len", 3, False),
        ("engine", {"_target_": "recsys.mining.MlxtendEngine"}, True),
        ("preprocessing.min_rating", 4.0, False),
        ("objective.metrics", ["mean_lift"], False),
    ],
)
def test_what_decides_on_an_outcome(config, key, value, same):
    first = outcome(config)
    assert first is not None
    OmegaConf.update(config, key, value, merge=False)
    assert (outcome(config) == first) is same


@pytest.mark.parametrize(("key", "value"), [("min_support", 7), ("min_count", 672)])
def test_a_run_that_would_fail_tells_nothing(config, key, value):
    config.apriori[key] = value
    assert outcome(config) is None


def test_a_pruner_ends_trials_before_their_long_itemsets(call):
    asked = call(
        *GRID,
        "apriori.min_support=0.1,0.3",
        "apriori.max_len=null",
        "objective.metrics=[n_rules]",
        "evaluation=none",
        "hydra/sweeper/pruner=threshold",
        "hydra.sweeper.pruner.upper=1000",
    )
    assert asked.code == 0, asked.stderr
    trials = {trial.params["apriori.min_support"]: trial for trial in study().trials}
    assert trials[0.1].state is TrialState.PRUNED
    assert trials[0.3].state is TrialState.COMPLETE
    assert list(trials[0.1].intermediate_values) == [2]
    reported = trials[0.3].intermediate_values  # after each length, the last one included
    assert list(reported) == list(range(2, max(reported) + 1))
    assert reported[max(reported)] == trials[0.3].value
    assert not Path("sweep", str(trials[0.1].number), "metrics.json").exists()


def test_a_pruner_hears_of_pairs_alone(call):
    overrides = ("apriori.min_support=0.1,0.3", "apriori.max_len=2", "objective.metrics=[n_rules]")
    pruner = ("hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.upper=1000")
    asked = call(*GRID, *overrides, *pruner, "evaluation=none")
    assert asked.code == 0, asked.stderr
    assert [trial.state for trial in study().trials] == [TrialState.COMPLETE] * 2
    assert all(trial.intermediate_values == {2: trial.value} for trial in study().trials)


def test_constraints(call):
    asked = call(*GRID, "apriori.min_support=0.1,0.2,0.3", "objective.constraints={n_rules: {at_least: 100}}")
    assert asked.code == 0, asked.stderr
    with Path("sweep/trials.csv").open(encoding="utf-8", newline="") as file:
        missed = {
            row["params_apriori.min_support"]: row["constraints_n_rules>=100"] for row in csv.DictReader(file)
        }
    feasible = {support for support, value in missed.items() if float(value) <= 0}
    assert 0 < len(feasible) < 3
    assert str(results()["best_params"]["apriori.min_support"]) in feasible


def test_a_budget_prunes_a_trial_and_ends_a_run(call, monkeypatch):
    from recsys.errors import BudgetError

    def too_big(*_arguments):
        raise BudgetError("apriori.max_itemsets=10 would be passed. Raise apriori.min_support.")

    monkeypatch.setattr("recsys.mining.BitsetEngine.mine", too_big)
    single = call("hydra.run.dir=out", "cache.enabled=false")
    assert single.code == 1
    assert "apriori.max_itemsets=10 would be passed" in single.stderr
    swept = call(*GRID, "apriori.min_support=choice(0.2)", "cache.enabled=false")
    assert "Trial 0: pruned, apriori.max_itemsets=10 would be passed. Raise" in swept.stdout
    assert "0 failed, 1 pruned. The last one: apriori.max_itemsets=10 would be passed." in swept.stderr
    assert [trial.state for trial in study().trials] == [TrialState.PRUNED]
