"""The log lines."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from optuna_sweeper.results.best_trials import BestTrials
from optuna_sweeper.results.log_lines import continue_line, summary, trial_line


def study_of(*values: float, direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(study_name="one", direction=direction)
    distributions = {"x": FloatDistribution(0, 10), "word": CategoricalDistribution(["a", "b c"])}
    for number, value in enumerate(values):
        params = {"x": number / 3, "word": "a" if number % 2 else "b c"}
        study.add_trial(create_trial(value=value, params=params, distributions=distributions))
    return study


def test_summary() -> None:
    assert summary(study_of(0.25, 1, 0.25, 100, 7, 8)) == (
        "Best trials:\n"
        "  trial  value         x   word\n"
        "      0   0.25         0  'b c'\n"
        "      2   0.25  0.666667  'b c'\n"
        "      1      1  0.333333      a\n"
        "      4      7   1.33333  'b c'\n"
        "      5      8   1.66667      a"
    )
    assert summary(study_of(1, 3, 2, direction="maximize"), count=1).splitlines()[-1].split()[:2] == [
        "1",
        "3",
    ]


def test_summary_of_several_objectives() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.add_trials([create_trial(values=[1, 2]), create_trial(values=[0, 1]), create_trial(values=[1, 1])])
    assert (
        summary(study)
        == "Pareto front:\n  trial  value_0  value_1\n      0        1        2\n      1        0        1"
    )


def test_trial_lines() -> None:
    study = study_of(2, 1)
    assert trial_line(study.trials[0], BestTrials(study)) == "Trial 0: 2; x=0 word='b c' (best: 1 in trial 1)"
    study = optuna.create_study()
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={"fail_reason": "ValueError: no"}))
    study.add_trial(create_trial(state=TrialState.PRUNED))
    assert (
        trial_line(study.trials[0], BestTrials(study))
        == "Trial 0: failed, ValueError: no; (none complete yet)"
    )
    assert trial_line(study.trials[1], BestTrials(study)) == "Trial 1: pruned; (none complete yet)"


def test_what_a_sweep_logs(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app.sweep("x=interval(0,1)", "hydra.sweeper.n_trials=2", "hydra.sweeper.study_name=one")
    captured = capsys.readouterr()
    # Hydra puts the time before each message.
    lines = [line.split("[HYDRA] ")[-1] for line in captured.out.splitlines()]
    ours = [line for line in lines if not line.startswith(("Launching", "\t#"))]
    assert ours[0] == "Study one: TPESampler, minimize, 2 trials in batches of 2, storage: memory"
    assert [line[:8] for line in ours[1:3]] == ["Trial 0:", "Trial 1:"]
    assert ours[3] == "Best trials:"
    assert ours[-1] == f"Results: {app.sweep_dir / 'optimization_results.yaml'}"
    assert len(ours) == 8
    assert captured.err == ""  # Optuna's own lines


@pytest.mark.parametrize("typed", [[], ["one two"], ["null"], ["one-${now:%Y}"]])
def test_the_command_that_continues_names_the_study(typed: list[str]) -> None:
    command = ["python", "app.py", *(f"hydra.sweeper.study_name={name}" for name in typed), "-m"]
    assert (
        continue_line(command, "one two")
        == "To continue it: python app.py -m 'hydra.sweeper.study_name='\"'\"'one two'\"'\"''"
    )
