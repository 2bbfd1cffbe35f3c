"""The log lines of a sweep: one for each trial, and a table of the best at its end."""

import shlex
from collections.abc import Sequence
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from optuna_sweeper.results.best_trials import BestTrials, ranking
from optuna_sweeper.results.schema import value_columns
from optuna_sweeper.safe_text import masked
from optuna_sweeper.search.encoding import encode
from optuna_sweeper.study.attributes import ANSWERED_FROM, FAIL_REASON

_NAME = "hydra.sweeper.study_name="


def continue_line(command: Sequence[str], study_name: str) -> str:
    """Return the line with the command that continues a study."""
    # The name as typed may resolve to another one next time: null, or one with ${now:...}.
    words = [word for word in command if not word.lstrip("+").startswith(_NAME)]
    return masked(f"To continue it: {shlex.join([*words, f'{_NAME}{encode(study_name)}'])}")


def trial_line(trial: FrozenTrial, best: BestTrials) -> str:
    """Return the line at the end of a trial, with the best trial so far."""
    if trial.state is TrialState.COMPLETE:
        ended = " ".join(map(_shown, trial.values))
        broken = ", ".join(name for name, value in trial.constraints.items() if value > 0)
        if broken:
            ended += f", infeasible ({broken})"
        if ANSWERED_FROM in trial.user_attrs:
            ended += f", known from trial {trial.user_attrs[ANSWERED_FROM]}"
    elif trial.state is TrialState.PRUNED:
        ended = ", ".join(filter(None, ["pruned", trial.user_attrs.get(FAIL_REASON)]))
    else:
        ended = f"failed, {trial.user_attrs.get(FAIL_REASON)}"
    params = [f"{name}={_shown(value)}" for name, value in trial.params.items()]
    return " ".join([f"Trial {trial.number}: {ended};", *params, f"({best_so_far(best)})"])


def summary(study: Study, count: int = 5, identity: str | None = None) -> str:
    """Return a table of the best trials, or of the Pareto front."""
    if len(study.directions) == 1:
        title, trials = "Best trials", ranking(study, count, identity)
    else:
        title, trials = "Pareto front", BestTrials(study, identity).read()
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    rows = [["trial", *value_columns(len(study.directions)), *names]]
    for trial in trials:
        params = [_shown(trial.params[name]) if name in trial.params else "" for name in names]
        rows.append([str(trial.number), *map(_shown, trial.values), *params])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join([f"{title}:", *("  " + "  ".join(map(str.rjust, row, widths)) for row in rows)])


def best_so_far(best: BestTrials) -> str:
    """Return the best trial so far as text."""
    trials = best.read()
    if len(best.study.directions) > 1:
        return f"Pareto front: {len(trials)}"
    return f"best: {_shown(trials[0].value)} in trial {trials[0].number}" if trials else "none complete yet"


def _shown(value: Any) -> str:
    """Return a value as text; numbers with six digits."""
    return f"{value:.6g}" if isinstance(value, float) else encode(value)
