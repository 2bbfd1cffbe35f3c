"""The best trials of a sweep, by the sweeper's definition.

Of equal trials the earliest is the best; a Pareto front has all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import ge, gt
from typing import Any

from recsys.metrics import DIRECTIONS
from recsys.runs.trials import Trial


def candidates(trials: Iterable[Trial], n_objectives: int) -> list[Trial]:
    """Return the trials that can be the best: results of the present study that keep all constraints."""
    return [trial for trial in trials if trial.is_result(n_objectives) and trial.feasible]


def best_trials(
    trials: Iterable[Trial], directions: Sequence[str], results: Mapping[str, Any] | None = None
) -> list[Trial]:
    """Return the best trial, if any; with several objectives, the Pareto front.

    Where `results`, the content of `optimization_results.yaml`, names them, these are returned: it may be
    older or newer than the table of trials, and the report and the record must agree with it.
    """
    numbers = _recorded(results or {}, len(directions))
    if numbers is not None:
        return [trial for trial in trials if trial.number in numbers and trial.is_result(len(directions))]
    if len(directions) == 1:
        return [best for _, best in best_so_far(trials, directions[0])[-1:]]
    scores = [(trial, _scores(trial, directions)) for trial in candidates(trials, len(directions))]
    return [trial for trial, own in scores if not any(_dominates(other, own) for _, other in scores)]


def first_best(trials: Iterable[Trial], direction: str) -> Trial | None:
    """Return the best of some trials by the first objective, if there are any."""
    return max(trials, key=lambda trial: _scores(trial, [direction]), default=None)


def best_so_far(trials: Iterable[Trial], direction: str) -> list[tuple[Trial, Trial]]:
    """Pair each trial that can be the best with the best one up to it."""
    found = candidates(trials, n_objectives=1)
    best = accumulate(found, lambda *both: max(both, key=lambda trial: _scores(trial, [direction])))
    return list(zip(found, best, strict=True))


def best_of_each(trials: Iterable[Trial], parameter: str, directions: Sequence[str]) -> dict[str, Trial]:
    """Return the best trial of each choice of a parameter, by the first objective.

    A trial that misses a constraint is returned only where no other has that choice.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if parameter in trial.params and trial.is_result(len(directions)):
            groups.setdefault(trial.params[parameter], []).append(trial)
    return {
        choice: max(group, key=lambda trial: (trial.feasible, _scores(trial, directions[:1])))
        for choice, group in groups.items()
    }


def _recorded(results: Mapping[str, Any], n_objectives: int) -> set[int] | None:
    """Return the numbers of the best trials in the sweeper's results; None where it wrote none."""
    if n_objectives > 1:
        return {solution["trial"] for solution in results["solutions"]} if "solutions" in results else None
    return {results["best_trial"]} if "best_trial" in results else None


def _scores(trial: Trial, directions: Sequence[str]) -> list[float]:
    """Return the values, with the sign with which higher is better."""
    return [DIRECTIONS[direction] * value for value, direction in zip(trial.values, directions, strict=False)]


def _dominates(scores: list[float], others: list[float]) -> bool:
    return all(map(ge, scores, others)) and any(map(gt, scores, others))
