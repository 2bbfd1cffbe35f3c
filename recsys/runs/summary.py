"""Sentences that say what a sweep searched, on what data, and what won by how much."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from recsys.metrics import DECIMALS, DIRECTIONS, NDCG, SHORT, cutoff
from recsys.runs.best import candidates
from recsys.runs.files import DATA_FILE, TEST_FILE
from recsys.runs.intervals import read_intervals
from recsys.runs.json_file import read_json
from recsys.runs.sweep import Sweep
from recsys.runs.trials import Trial

NAMED = 4  # parameters and data sets that are named; of more the number is given
STATES = {"fail": "failed"}
EXTREME = {"maximize": "highest", "minimize": "lowest"}


def searched(sweep: Sweep) -> str:
    """Return what was searched: the number of trials, the parameters, the data and the objective."""
    values: dict[str, set[str]] = {}
    for trial in sweep.trials:
        for name, value in trial.params.items():
            values.setdefault(name, set()).add(value)
    names = [name for name, found in values.items() if len(found) > 1]
    what = f" over {_named(names, 'parameters')}" if names else ""
    data = [f"{one['dataset']} ({one['n_ratings']:,} interactions)" for one in datasets(sweep)]
    on = f" on {_named(data, 'data sets')}" if data else ""
    wanted = _joined([f"the {EXTREME[way]} {name}" for name, way in _objectives(sweep)])
    return f"{_count(len(sweep.trials), 'trial')}{what}{on}, for {wanted}."


def outcome(sweep: Sweep) -> str:
    """Return what won, and by how much; or why nothing did."""
    if not sweep.complete:
        return f"No trial is complete: {_states(sweep)}." if sweep.trials else "No trial has ended."
    if not sweep.front:
        return f"None of the {_count(len(sweep.complete), 'complete trial')} keeps the constraints."
    return _front(sweep) if len(sweep.metrics) > 1 else _best(sweep)


def counts(sweep: Sweep) -> str:
    """Return how many trials there are in each state."""
    return f"{_count(len(sweep.trials), 'trial')}: {_states(sweep) or 'none has ended'}."


def on_test(sweep: Sweep) -> str:
    """Return the main metric of the best trial on the test part; empty if it was not measured."""
    measured = read_intervals(sweep.folder / TEST_FILE)
    if len(measured) != 1:
        return ""
    ((number, found),) = measured.items()
    metric = sweep.metrics[0] if sweep.metrics[0] in found else NDCG
    if metric not in found:
        return ""
    return (
        f"Fitted again and measured once on the test part, which no trial has seen, trial {number} has "
        f"{metric} {found[metric]:{DECIMALS}}."
    )


def datasets(sweep: Sweep) -> list[dict[str, Any]]:
    """Return the facts of `data.json` on each data set of the complete trials."""
    one_of_each = {
        tuple(value for name, value in trial.params.items() if name.startswith("dataset")): trial
        for trial in reversed(sweep.complete)
    }
    folders = (sweep.folder_of(trial) for trial in one_of_each.values())
    found = [read_json(folder / DATA_FILE) for folder in folders if folder is not None]
    return list({facts["ratings_digest"]: facts for facts in reversed(found) if facts}.values())


def as_text(value: float, metric: str) -> str:
    """Return a value as text: metrics of lists with four decimals, as everywhere."""
    return f"{value:{DECIMALS if cutoff(metric) else SHORT}}"


def _best(sweep: Sweep) -> str:
    (best,), ((metric, way),) = sweep.front, _objectives(sweep)
    value, sign = best.values[0], DIRECTIONS[way]
    rivals = [trial for trial in candidates(sweep.trials, 1) if trial.number != best.number]
    if not rivals:
        return f"Trial {best.number}, with {metric} {as_text(value, metric)}, is the only one to choose from."
    others = [trial for trial in rivals if trial.values[0] != value]
    if not others:
        return f"All {len(rivals) + 1} complete trials have the same {metric}, {as_text(value, metric)}."
    text = f"Trial {best.number} has the {EXTREME[way]} {metric}, {as_text(value, metric)}"
    if ties := len(rivals) - len(others):
        text += f", and so {'have' if ties > 1 else 'has'} {_count(ties, 'other trial')}"
    second = max(others, key=lambda trial: sign * trial.values[0])
    middle = median(trial.values[0] for trial in [best, *rivals])
    text += (
        f". That is {_distance(value, second.values[0], metric)} the next value (trial {second.number}) and "
        f"{_distance(value, middle, metric)} the median of the {len(rivals) + 1} trials."
    )
    if cutoff(metric):
        text += " The search chose it on the validation part, where the best of many trials looks too good."
    return text


def _distance(value: float, other: float, metric: str) -> str:
    way = "above" if value > other else "below"
    return f"{as_text(abs(value - other), metric)} {way}"


def _front(sweep: Sweep) -> str:
    if len(sweep.front) == 1:
        (best,) = sweep.front
        return f"Trial {best.number} is the best in every objective: {_values(sweep, best)}."
    n_others = len(candidates(sweep.trials, len(sweep.metrics))) - len(sweep.front)
    text = f"{len(sweep.front)} trials are on the Pareto front: none is better than another in all objectives"
    if n_others:
        text += f", and every other trial ({n_others}) is beaten by one of them"
    ends = []
    for index, (metric, way) in enumerate(_objectives(sweep)):
        end = max(sweep.front, key=lambda trial: DIRECTIONS[way] * trial.values[index])
        ends.append(f"The {EXTREME[way]} {metric} is that of trial {end.number} ({_values(sweep, end)}).")
    return " ".join([f"{text}.", *ends])


def _values(sweep: Sweep, trial: Trial) -> str:
    pairs = zip(sweep.metrics, trial.values, strict=True)
    return ", ".join(f"{metric} {as_text(value, metric)}" for metric, value in pairs)


def _states(sweep: Sweep) -> str:
    found = Counter(trial.state for trial in sweep.trials).most_common()
    return _joined([f"{count:,} {STATES.get(state, state)}" for state, count in found])


def _objectives(sweep: Sweep) -> list[tuple[str, str]]:
    return list(zip(sweep.metrics, sweep.directions, strict=True))


def _named(names: Sequence[str], plural: str) -> str:
    return _joined(names) if len(names) <= NAMED else f"{len(names)} {plural}"


def _joined(texts: Sequence[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
