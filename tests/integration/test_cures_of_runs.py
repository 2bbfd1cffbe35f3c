"""What messages of runs advise works when it is typed as printed: those that need more than a command."""

import shlex
from pathlib import Path

import pytest

from recsys.cli import save
from recsys.cli.registry import latest_sweep
from recsys.datasets import movielens
from recsys.errors import BudgetError, DataNotFoundError, DownloadError
from recsys.feedback import FeedbackStore
from recsys.mining import Budget
from recsys.recommenders import ease, learned_orders, learned_weights
from recsys.rules import budget as rules_budget
from recsys.rules.budget import RulesMeter
from recsys.rules.options import RuleOptions
from recsys.runs.sweep import run_folder
from recsys.serving.source import FolderSource
from tests.integration.cures import (
    BASKET,
    BASKETS,
    ORDER,
    RATED,
    applied,
    command_in,
    overrides_in,
    tries,
    write_files,
)


@pytest.fixture(autouse=True)
def _files(tmp_path):
    write_files(tmp_path)


SEPARATORS = {";": ";", "tab": "\t", "|": "|", ":": ":", "blank": " "}


@tries("recsys/datasets/separators.py", "typed_override")
@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
def test_a_separator(call, tmp_path, separator):
    (tmp_path / "other.csv").write_text(BASKETS.replace(",", separator))
    command = [*shlex.split(BASKET), "dataset.path=other.csv"]
    refused = call(*command)
    typed = refused.stderr.partition("separated by ")[2].partition("Set ")[2].splitlines()[0]
    (override,) = shlex.split(typed.removesuffix("."))
    outcome = call(*command, override)
    assert outcome.code == 0, outcome.stderr
    assert "8 transactions" in outcome.stdout


@tries("recsys/datasets/tables.py", "read it with dataset=csv and the right dataset.encoding")
def test_an_encoding(call, tmp_path):
    (tmp_path / "latin.csv").write_bytes(BASKETS.replace("i1", "thé").encode("latin-1"))
    command = [*shlex.split(BASKET), "dataset.path=latin.csv"]
    refused = call(*command)
    assert "and the right dataset.encoding." in refused.stderr
    (cure,) = overrides_in(refused.stderr, "Save the file")
    assert cure == ["dataset=csv"]
    assert call(*command, *cure, "dataset.encoding=latin-1").code == 0


@tries("recsys/datasets/movielens.py", "is bundled and needs no network")
def test_no_network(call, monkeypatch):
    def refuse(*_):
        raise DownloadError("no network.")

    monkeypatch.setattr(movielens, "install", refuse)
    refused = call("dataset=ml_1m", "apriori.min_support=0.3", "evaluation=none")
    (cure,) = overrides_in(refused.stderr, "dataset.path names; ")
    outcome = call(*applied(["dataset=ml_1m", "apriori.min_support=0.3", "evaluation=none"], cure))
    assert outcome.code == 0, outcome.stderr


@tries("recsys/mining/cache.py", "ends trying")
@tries("recsys/evaluation/preparation.py", "and evaluation.seed decides which are held out")
@tries("recsys/recommenders/rules.py", "Leave it out, or set {key}.weight=")
@pytest.mark.parametrize(
    ("command", "after"),
    [
        (f"{BASKET} cache.folder=baskets.csv/cache", "cannot be kept"),
        (f"{RATED} dataset.path=moment.csv evaluation=temporal objective=ndcg", "Give the data finer times"),
        (f"{RATED} evaluation=random recommender.alpha=0.5", "Leave it out"),
    ],
)
def test_warnings(call, command, after):
    warned = call(*shlex.split(command))
    assert warned.code == 0, warned.stderr
    (cure,) = overrides_in(warned.stdout, after)
    outcome = call(*shlex.split(command), *cure)
    assert outcome.code == 0, outcome.stderr
    assert "WARNING" not in outcome.stdout


@tries("recsys/rules/budget.py", "{limit}. Set max_len=")
@pytest.mark.parametrize(("limit", "n_cures"), [(200, 1), (600, 2)])
def test_too_many_candidates(call, monkeypatch, limit, n_cures):
    monkeypatch.setattr(rules_budget, "MAX_SPLITS", limit)
    command = shlex.split(f"{BASKET} apriori.max_len=5")
    cures = overrides_in(call(*command).stderr, "more than")
    assert len(cures) == n_cures  # a length of 1 is advised where that is enough
    for cure in cures:
        outcome = call(*applied(command, cure))
        assert outcome.code == 0, outcome.stderr


def test_a_meter_of_rules_names_keys(call):
    for budget in (Budget(max_memory=1), Budget(max_seconds=1e-9)):
        with pytest.raises(BudgetError) as caught:
            RulesMeter(budget, RuleOptions()).check(1000, 1000)
        for cure in overrides_in(str(caught.value.within("apriori")), "raise apriori.min_support"):
            outcome = call(*shlex.split(BASKET), "apriori.max_rules=5", *cure)
            assert outcome.code == 0, outcome.stderr


@tries("recsys/recommenders/ease.py", "take recommender=item_knn")
def test_a_matrix_too_large(call, monkeypatch):
    monkeypatch.setattr(ease, "MAX_SIZE", 3)
    command = shlex.split(f"{RATED} evaluation=random recommender=ease")
    cures = overrides_in(call(*command).stderr, "are the most")
    assert cures == [["recommender=item_knn"], ["recommender=als"]]
    for cure in cures:
        outcome = call(*applied(command, cure))
        assert outcome.code == 0, outcome.stderr


@tries(
    "recsys/recommenders/learned_weights.py",
    "Set recommender.max_antecedent_len=1",
    "Set apriori.min_count=",
)
@pytest.mark.parametrize(
    ("limit", "number", "given", "expected"),
    [
        ("MAX_OCCURRENCES", 30, "null", "recommender.max_antecedent_len=1"),
        ("MAX_PRODUCTS", 100, "null", "recommender.max_antecedent_len=1"),
        ("MAX_OCCURRENCES", 10, "1", "apriori.min_count="),
        ("MAX_PRODUCTS", 20, "1", "apriori.min_count="),
    ],
)
def test_too_much_to_learn(call, monkeypatch, limit, number, given, expected):
    monkeypatch.setattr(learned_weights, limit, number)
    longest = f"recommender.max_antecedent_len={given}"
    command = shlex.split(f"{RATED} evaluation=random apriori.max_len=4 {longest}")
    (cure,) = overrides_in(call(*command).stderr, "the limit")
    assert len(cure) == 1
    assert cure[0].startswith(expected)
    outcome = call(*applied(command, cure))
    assert outcome.code == 0, outcome.stderr


@tries(
    "recsys/recommenders/learned_orders.py",
    "Set recommender.n_targets={affordable}",
    "Set recommender.n_targets=1 preprocessing.min_item_orders=",
)
@pytest.mark.parametrize(
    ("limit", "number", "n_overrides"),
    [
        ("MAX_OCCURRENCES", 90, 1),
        ("MAX_PRODUCTS", 300, 1),
        ("MAX_OCCURRENCES", 45, 2),
        ("MAX_PRODUCTS", 160, 2),
    ],
)
def test_too_many_orders_to_learn_from(call, monkeypatch, limit, number, n_overrides):
    monkeypatch.setattr(learned_orders, limit, number)
    (cure,) = overrides_in(call(*shlex.split(ORDER)).stderr, "the limit")
    assert len(cure) == n_overrides
    outcome = call(*applied(shlex.split(ORDER), cure))
    assert outcome.code == 0, outcome.stderr


@tries("recsys/serving/source.py", "Save one: python -m recsys save RUN")
def test_a_bundle_is_saved(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = FolderSource(Path("my model"))
    with pytest.raises(DataNotFoundError) as caught:
        source.version()
    assert call(*shlex.split(RATED), "evaluation=none", "hydra.run.dir=first").code == 0
    command = command_in(caught.value, "Save one: ")
    assert command == ["save", "RUN", "my model"]
    assert save.main(["first" if word == "RUN" else word for word in command[1:]]) == 0
    assert source.load(source.version()).item_ids


@tries("recsys/composition.py", "Put the address into the environment")
def test_a_password_goes_into_the_environment(call, monkeypatch, tmp_path):
    monkeypatch.setenv("FEEDBACK", f"sqlite:///{tmp_path}/feedback.db")
    FeedbackStore.open(f"{tmp_path}/feedback.db", "feedback").close()
    command = [*shlex.split(RATED), "evaluation=none", "dataset.feedback=postgresql://me:secret@host/db"]
    refused = call(*command)
    assert "secret" not in refused.stderr
    (cure,) = overrides_in(refused.stderr)
    outcome = call(*applied(command, cure))
    assert outcome.code == 0, outcome.stderr


@tries("recsys/runs/sweep.py", "Run one, for example")
def test_a_folder_without_a_run(call, tmp_path):
    with pytest.raises(DataNotFoundError) as caught:
        run_folder(tmp_path)
    outcome = call(*command_in(caught.value, "for example "))
    assert outcome.code == 0, outcome.stderr
    assert run_folder(tmp_path / "outputs/first")


@tries("recsys/cli/registry.py", "There is no sweep in")
def test_no_sweep(call, tmp_path):
    with pytest.raises(DataNotFoundError) as caught:
        latest_sweep(tmp_path / "multirun")
    outcome = call(*command_in(caught.value, "Run one: "), "hydra.sweeper.n_trials=1", "apriori.max_len=2")
    assert outcome.code == 0, outcome.stderr
    assert latest_sweep(tmp_path / "multirun")


@tries("recsys/__main__.py", "To drop parameters")
def test_a_parameter_is_dropped(call):
    command = ["-m", "experiment=seed_sweep", "hydra.sweeper.n_trials=1", "apriori.max_len=2"]
    wrong = "~hydra.sweeper.params.apriori.metric"
    (cure,) = overrides_in(call(*command, wrong).stderr, "from the search space: ")
    assert cure == ["hydra.sweeper.params={apriori.metric: null}"]
    outcome = call(*command, *cure)
    assert outcome.code == 0, outcome.stderr


SWEEP = ["-m", "apriori.min_support=0.5,0.6", "evaluation=none"]


@tries("recsys/runs/output_folder.py", "Set another: ", "for example {key}=results")
@tries("recsys/runs/output_folder.py", "typed_override('hydra.sweep.subdir'")
@pytest.mark.parametrize(
    ("before", "command", "after"),
    [
        ([*SWEEP, "hydra.sweep.dir='a b'"], [*SWEEP, "hydra.sweep.dir='a b'"], "Set another: "),
        ([*SWEEP, "hydra.sweep.dir=a"], ["apriori.min_support=0.5", "hydra.run.dir=a"], "Set another: "),
        (None, ["apriori.min_support=0.5", "hydra.run.dir=ratings.csv/out"], "for example"),
        (None, [*SWEEP, "hydra.sweep.dir=ratings.csv/out"], "for example"),
        (None, [*SWEEP, "hydra.sweep.dir=a", "hydra.sweep.subdir='the ${seed}'"], "hydra.sweep.dir, and"),
    ],
)
def test_a_folder_that_cannot_be_used(call, before, command, after):
    if before:
        assert call(*before).code == 0
    (cure,) = overrides_in(call(*command).stderr, after)
    if after == "hydra.sweep.dir, and":
        cure.append("hydra.sweep.dir=another")
    outcome = call(*applied(command, cure))
    assert outcome.code == 0, outcome.stderr
