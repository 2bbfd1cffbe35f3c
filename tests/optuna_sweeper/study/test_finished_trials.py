"""Each finished trial is visited once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from optuna_sweeper.results.best_trials import BestTrials, is_feasible
from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.results.trials_table import TrialsTable
from optuna_sweeper.study.finished_trials import FinishedTrials
from optuna_sweeper.workers.trial_allocation import TrialAllocation, finished
from optuna_sweeper.workers.worker import Worker


def test_trials_are_returned_when_they_finish() -> None:
    study = optuna.create_study()
    trials = FinishedTrials(study)
    assert trials.read() == ([], [])
    first, second = study.ask(), study.ask()
    study.enqueue_trial({"x": 1})
    assert [[one.number for one in part] for part in trials.read()] == [[], [0, 1, 2]]
    study.tell(second, 1.0)
    study.add_trial(create_trial(state=TrialState.PRUNED))
    assert [[one.number for one in part] for part in trials.read()] == [[1, 3], [0, 2]]
    study.tell(first, state=TrialState.FAIL)
    assert [[one.number for one in part] for part in trials.read()] == [[0], [2]]
    assert [[one.number for one in part] for part in trials.read()] == [[], [2]]


@pytest.mark.parametrize(
    "directions", [["minimize"], ["maximize"], ["minimize", "maximize"], ["maximize"] * 3], ids=len
)
def test_what_is_noted_on_the_way_is_what_the_study_says(directions: list[str]) -> None:
    """Trials end in another order than they began, with equal values, constraints and other parameters."""
    draw = random.Random(len(directions))
    study = optuna.create_study(directions=directions, sampler=optuna.samplers.RandomSampler(seed=0))
    best, table = BestTrials(study), TrialsTable(study)
    allocation = TrialAllocation(study, Worker(study, 0), n_trials=50)
    running: list[optuna.Trial] = []
    for _ in range(60):
        running.append(study.ask())
        running[-1].suggest_int(draw.choice("xxxy"), 0, 3)
        if draw.random() < 0.2:
            running[-1].set_constraint("memory", draw.choice([-1.0, 1.0]))
        while len(running) > draw.randint(0, 3):
            trial = running.pop(draw.randrange(len(running)))
            state = draw.choice([TrialState.COMPLETE] * 4 + [TrialState.FAIL])
            study.tell(
                trial,
                [draw.randint(0, 3) for _ in directions] if state is TrialState.COMPLETE else None,
                state,
            )
        feasible = [one for one in study.get_trials(states=[TrialState.COMPLETE]) if is_feasible(one)]
        signs = [-1 if direction == "maximize" else 1 for direction in directions]
        losses = {
            one.number: [sign * x for sign, x in zip(signs, one.values, strict=True)] for one in feasible
        }
        front = [
            number
            for number, loss in losses.items()
            if not any(other != loss and all(map(float.__le__, other, loss)) for other in losses.values())
        ]
        assert [one.number for one in best.read()] == (front[:1] if len(directions) == 1 else front)
        assert table.text() == TrialsTable(study).text()
        assert allocation.n_finished() == len(finished(study))
        assert allocation.free() == 50 - len(study.trials)


def test_a_trial_that_ends_while_the_table_is_made_keeps_its_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process ends it after this one has read the trials, the first with these parameters."""
    study, get_trials = optuna.create_study(), optuna.Study.get_trials
    names = iter("xyz")

    def read(study: optuna.Study, **how: Any) -> list[FrozenTrial]:
        found, trial = get_trials(study, **how), study.ask()
        trial.suggest_int(next(names), 0, 3)
        study.tell(trial, 1.0)
        return found

    table = TrialsTable(study)
    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "get_trials", read)
        table.text()
        table.text()
    assert table.text() == TrialsTable(study).text()


def test_columns_have_the_order_of_the_trials_not_of_their_ends() -> None:
    study = optuna.create_study()
    table, running = TrialsTable(study), [study.ask() for _ in range(3)]
    for trial, name in zip(running, "xyx", strict=True):
        trial.suggest_int(name, 0, 3)
    for number in (2, 1, 0):
        study.tell(running[number], 1.0)
        assert table.text().startswith("number,state,value,params_x,params_y,")


def test_a_line_of_a_finished_trial_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[int] = []
    line = TrialsTable._line
    monkeypatch.setattr(TrialsTable, "_line", lambda self, one: lines.append(one.number) or line(self, one))
    study = optuna.create_study()
    writer = ResultsWriter(study, tmp_path)
    for number in range(4):
        study.add_trial(create_trial(value=number))
        writer.write()
    assert lines == [0, 1, 2, 3]
