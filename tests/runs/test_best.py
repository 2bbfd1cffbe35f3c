"""The best trials, as recsys reads them from a folder, are the sweeper's."""

import math
import tempfile
from pathlib import Path

import optuna
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from optuna_sweeper.results.files import ResultsWriter
from optuna_sweeper.study.attributes import IDENTITY
from recsys.runs.best import best_of_each, best_so_far, best_trials, first_best
from recsys.runs.trials import Trial, read_results, read_trials

INFINITE = (math.inf, -math.inf)
# Few different values, so that there are ties.
VALUES = st.sampled_from([-1.5, 0.0, 0.1 + 0.2, 0.3, 7.0, *INFINITE])
STATES = st.sampled_from([TrialState.COMPLETE] * 4 + [TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING])


@st.composite
def studies(draw, n_objectives):
    directions = draw(
        st.lists(st.sampled_from(["maximize", "minimize"]), min_size=n_objectives, max_size=n_objectives)
    )
    study = optuna.create_study(directions=directions)
    constrained = draw(st.booleans())
    for _ in range(draw(st.integers(0, 12))):
        state = draw(STATES)
        values = [draw(VALUES) for _ in directions] if state is TrialState.COMPLETE else None
        constraints = draw(st.dictionaries(st.sampled_from("ab"), st.sampled_from([-1.0, 0.0, 0.5])))
        study.add_trial(
            create_trial(
                state=state,
                values=values,
                params={"x": 0.5},
                distributions={"x": FloatDistribution(0, 1)},
                user_attrs={IDENTITY: draw(st.sampled_from(["this", "this", "other"]))},
                constraints=constraints if constrained else None,
            )
        )
    return study, directions


@given(st.sampled_from([1, 2, 3]).flatmap(studies), st.sampled_from([None, "this"]))
def test_they_are_those_of_the_sweeper(study_and_directions, identity):
    study, directions = study_and_directions
    with tempfile.TemporaryDirectory() as name:
        ResultsWriter(study, Path(name), identity).write()
        trials, results = read_trials(Path(name)), read_results(Path(name))
    recorded = [trial.number for trial in best_trials(trials, directions, results)]
    computed = [trial.number for trial in best_trials(trials, directions)]
    assert computed == recorded
    if len(directions) == 1:
        assert computed == ([] if results["best_trial"] is None else [results["best_trial"]])
    else:
        assert computed == sorted(solution["trial"] for solution in results["solutions"])


def complete(number, *values, **attributes):
    return Trial(number, "complete", values, **attributes)


def test_the_best_so_far_keeps_the_earlier_of_equal_trials():
    trials = [
        complete(0, 1.0),
        Trial(1, "fail"),
        complete(2, 9.0, feasible=False),
        complete(3, 9.0, other_identity=True),
        complete(4, 2.0),
        complete(5, 2.0),
        complete(6, 0.0),
    ]
    assert [(trial.number, best.number) for trial, best in best_so_far(trials, "maximize")] == [
        (0, 0),
        (4, 4),
        (5, 4),
        (6, 4),
    ]
    assert [best.number for _, best in best_so_far(trials, "minimize")] == [0, 0, 0, 6]


def test_a_front_with_infinite_values():
    trials = [complete(0, math.inf, 1.0), complete(1, math.inf, 2.0), complete(2, 0.0, 2.0)]
    assert best_trials(trials, ["maximize", "maximize"]) == [trials[1]]
    assert best_trials(trials, ["maximize", "minimize"]) == [trials[0]]


def test_what_the_sweeper_wrote_comes_first():
    trials = [complete(0, 1.0), complete(1, 2.0)]
    assert best_trials(trials, ["maximize"], {"best_trial": 0}) == [trials[0]]
    assert best_trials(trials, ["maximize"], {"best_trial": None}) == []
    assert best_trials(trials, ["maximize"], {"study_name": "s"}) == [trials[1]]


def test_the_best_of_some():
    trials = [complete(0, 1.0, 5.0), complete(1, 2.0, 0.0), complete(2, 2.0, 9.0)]
    assert first_best(trials, "maximize") == trials[1]
    assert first_best([], "maximize") is None


def test_the_best_of_each_choice_keeps_the_constraints_if_any_trial_does():
    trials = [
        complete(0, 1.0, params={"kind": "a"}),
        complete(1, 2.0, params={"kind": "a"}, feasible=False),
        complete(2, 1.0, params={"kind": "a"}),
        complete(3, 3.0, params={"kind": "b"}, feasible=False),
        complete(4, 4.0, params={"kind": "b"}, feasible=False),
        complete(5, 9.0, params={"kind": "c"}, other_identity=True),
        complete(6, 9.0, params={"other": "c"}),
    ]
    assert best_of_each(trials, "kind", ["maximize"]) == {"a": trials[0], "b": trials[4]}
