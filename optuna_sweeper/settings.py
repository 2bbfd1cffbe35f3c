"""The settings ``hydra.sweeper``: declared, documented and validated here, once."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from omegaconf import DictConfig, OmegaConf

from optuna_sweeper.errors import SweepError, refusal

# Fractions and seconds are declared as Any: OmegaConf 2.4 deprecates an integer where a float is declared.


@dataclass
class Settings:
    """The settings of a sweep; Hydra checks names and types when it composes the config."""

    # One of the group hydra/sweeper/sampler, or any `_target_` that makes an optuna.samplers.BaseSampler.
    sampler: Any = None
    # One of the group hydra/sweeper/pruner, which ends trials by the values that jobs report(); null: none.
    pruner: Any = None
    # minimize or maximize; a list of them, one for each value that the application returns.
    direction: Any = "minimize"

    # null: the study is in memory. It is stored in journal:<path> (a file; its folder is created), at a URL
    # (sqlite:///study.db) or in the `_target_` of an Optuna storage.
    storage: Any = None
    # Name of the study. An existing one is continued, also by several processes at once. null: a new name.
    study_name: str | None = None

    # Total number of finished trials of the study: a continued study runs those that are missing. Failed and
    # pruned trials count; trials that were lost with their process do not.
    n_trials: int = 20
    # Seconds after which no further trial is started; null: no limit.
    timeout: Any = None
    # Number of trials in a row without a better value after which no further trial is started; with several
    # directions, without a new point of the Pareto front. Trials count as for n_trials, from the first
    # complete one; enqueued ones are run in any case. A continued study goes on with a larger number.
    # null: no limit.
    stop_after_no_improvement: int | None = None

    # true: a study is continued also with another search space, direction, config or data. Earlier trials
    # then count for n_trials and inform the sampler, but are neither reused nor the best.
    allow_changes: bool = False
    # Keys of the application's config that have no effect on the values, each with everything below it:
    # output folders, tracking, logging. Hydra's own config is always ignored.
    ignored_keys: Any = None
    # Dotted path of `digest(cfg: DictConfig) -> Mapping[str, str] | str | None`: digests, by name, of the
    # data that jobs with this config read, which belong to the identity of the study. None: unknown.
    data_digest: str | None = None

    # Seconds between heartbeats of this process in the storage. After five missed ones, processes on other
    # machines consider it dead and run its trials. On the same machine a death is detected at once.
    heartbeat: Any = 15.0
    # Seconds for which a database server that goes away in the middle of a sweep is retried. 0: the sweep
    # ends at once, as it does if the server is away at the start; the same command continues it.
    storage_timeout: Any = 300.0

    # true: run every trial, also with parameters that were run before. false: a trial with the parameters of
    # a complete one takes over its values, which is correct if equal configs have equal values.
    repeat: bool = True
    # Whether only trials that were run count for n_trials, in addition to those that took over values.
    distinct: bool = False
    # With repeat=false: dotted path of `key(cfg: DictConfig) -> Hashable | None`. Jobs with equal keys have
    # equal outcomes. None: unknown, the overrides are compared.
    equivalence: str | None = None

    # Jobs handed to the launcher at once. The sampler sees results only after a whole batch, and the basic
    # launcher runs the jobs of a batch one after the other: with it, use 1.
    n_jobs: int = 2

    # Parameters that exist for some values of others only: {parameter: {key: value or [values]}}.
    conditions: Any = None
    # Stratification: a parameter with choice(...), each of whose values gets as many trials; null: none.
    stratify: str | None = None
    # Parameters of the first trials: a list of {parameter: value}. The sampler chooses parameters left out.
    enqueue: Any = None
    # {study_name: ..., storage: ...}: another study, whose complete trials that fit the search space are
    # added. They do not count for n_trials. Without storage: the storage of this study.
    warm_start: Any = None

    # A progress bar with the best value and the time left, in a terminal and in a notebook.
    progress_bar: bool = True
    # Share of finished trials that may fail before the sweep ends with the error of the job.
    max_failure_rate: Any = 0.0

    # The search space: name -> choice(...), range(...), interval(...), as on the command line. Anything else
    # is a fixed override of every job. null drops a parameter, e.g. one of an experiment:
    # hydra.sweeper.params={model.depth: null}; "null" in quotes fixes the value null.
    params: Any = None
    # Dotted path of `configure(cfg: DictConfig, trial: optuna.Trial) -> None`, which may suggest parameters.
    custom_search_space: str | None = None
    # The name of `params` before Hydra 1.2; refused with a pointer to `params`.
    search_space: Any = None

    def __post_init__(self) -> None:
        self.direction = _plain(self.direction)
        self.ignored_keys = _plain(self.ignored_keys) or []
        self.enqueue = _plain(self.enqueue) or []
        self.conditions = _plain(self.conditions) or {}
        if isinstance(self.conditions, dict):  # null drops a condition
            self.conditions = {key: needs for key, needs in self.conditions.items() if needs is not None}

    @property
    def directions(self) -> list[str]:
        """The directions: one for each objective."""
        listed = self.direction if isinstance(self.direction, list) else [self.direction]
        return [one.name if isinstance(one, Enum) else str(one) for one in listed]

    def validate(self) -> None:
        """Check all values that can be checked without the search space; raise `SweepError`."""
        if self.search_space is not None:
            raise SweepError(
                "hydra.sweeper.search_space is no longer read. Write it as hydra.sweeper.params."
            )
        directions = self.directions
        if not directions or not set(directions) <= {"minimize", "maximize"}:
            shown = directions[0] if len(directions) == 1 else directions
            raise refusal("hydra.sweeper.direction", "minimize or maximize, or a list of these", shown)
        for names, holds, rule in _RULES:
            for name in names.split():
                value = getattr(self, name)
                if not holds(value):
                    raise refusal(f"hydra.sweeper.{name}", rule.format(name), value)


_TARGET = "one of the group hydra/sweeper/{}, or a _target_ with arguments"

_RULES: list[tuple[str, Callable[[Any], bool], str]] = [
    ("n_trials n_jobs", lambda value: value >= 1, "at least 1"),
    (
        "timeout",
        lambda value: value is None or (_is_number(value) and value > 0),
        "more than 0 seconds, or null",
    ),
    (
        "stop_after_no_improvement",
        lambda value: value is None or value >= 1,
        "a number of trials of at least 1, or null",
    ),
    ("storage_timeout", lambda value: _is_number(value) and value >= 0, "at least 0 seconds"),
    ("heartbeat", lambda value: _is_number(value) and value > 0, "more than 0 seconds"),
    ("max_failure_rate", lambda value: _is_number(value) and 0 <= value <= 1, "between 0 and 1"),
    (
        "ignored_keys",
        lambda value: _is_list_of(value, str),
        "a list of keys, such as [engine, output.folder]",
    ),
    ("enqueue", lambda value: _is_list_of(value, dict), "a list of mappings, parameter to value"),
    (
        "conditions",
        lambda value: isinstance(value, dict) and _is_list_of(list(value.values()), dict),
        "a mapping: parameter to key to value or list of values",
    ),
    ("params", lambda value: value is None or _is_mapping(value), "a mapping: key to expression"),
    (
        "warm_start",
        lambda value: not value or (_is_mapping(value) and bool(value.get("study_name"))),
        "a mapping with study_name, and storage if it is another one",
    ),
    ("sampler", lambda value: _has_target(value), _TARGET),
    ("pruner", lambda value: value is None or _has_target(value), _TARGET),
]


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict | DictConfig)


def _has_target(value: Any) -> bool:
    return isinstance(value, DictConfig) and bool(value.get("_target_"))


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)
