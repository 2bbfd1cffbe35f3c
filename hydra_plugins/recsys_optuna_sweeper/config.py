"""What ``hydra.sweeper`` may say: the schema, checked by OmegaConf before a sweep starts."""

# No `from __future__ import annotations` here: Hydra's scanner runs a module before sys.modules has it, where
# dataclasses would look the text of the annotations up.

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore

# Fractions and seconds are declared as Any: OmegaConf 2.4 deprecates an integer where a float is declared.


@dataclass
class OptunaSweeperConf:
    """The settings without a sampler: ``hydra/sweeper=base_optuna``.

    ``hydra/sweeper=optuna`` is a file, ``conf/hydra/sweeper/optuna.yaml`` in this package, that adds the
    sampler. An application may have a file of that name, which wins, and there extend the schema and
    interpolate into its own config. Were ``optuna`` in the ConfigStore, Hydra would refuse the application's
    file: it takes what is stored under a file's name for its schema, which may not have a defaults list.
    """

    _target_: str = "hydra_plugins.recsys_optuna_sweeper.sweeper.OptunaSweeper"
    # The sampler, the hook and the storage are made by the sweeper itself, which can then say what is wrong.
    _recursive_: bool = False

    # One of the group hydra/sweeper/sampler, or any `_target_` that makes an optuna.samplers.BaseSampler.
    sampler: Any = None

    # One of the group hydra/sweeper/pruner, which ends trials by what their jobs report(); null: none.
    pruner: Any = None

    # minimize or maximize; a list of them, one for each value that the application returns.
    direction: Any = "minimize"

    # null keeps the study in memory; journal:<path> (a file, whose folder is made), a URL
    # (sqlite:///study.db) or the `_target_` of an Optuna storage keeps it.
    storage: Any = None

    # Name of the study in the storage; an existing one is continued, also by several processes at once. null
    # makes up a fresh one.
    study_name: str | None = None

    # Finished trials that the study ends with: a continued study runs what is missing. Failed and pruned ones
    # count, those lost with their process do not.
    n_trials: int = 20

    # Seconds after which no further trial is started; null for no end.
    timeout: Any = None

    # A study is continued with the question it was made for: search space, directions, the composed config
    # less `ignored_keys`, and the data. true: also with another one, for which the trials so far are neither
    # answers nor the best; they count for n_trials, and the sampler knows them.
    allow_changes: bool = False

    # Keys of the application's config that have no effect on the values, each with all that is below it:
    # output folders, tracking, logging. Hydra's own config never belongs to the question. Interpolations are
    # compared as they are written.
    ignored_keys: Any = None

    # Dotted path of `digest(cfg: DictConfig) -> Mapping[str, str] | str | None`, by which the application
    # says what data jobs of this config read, by name: another digest is another question. None: not known.
    # Called before the first trial, and again for each other choice of the search space that is text.
    data_digest: str | None = None

    # Seconds between signs of life of this process in the storage; after five without, processes on other
    # machines take it for dead and run its trials themselves. On one machine death is known at once.
    heartbeat: Any = 15.0

    # Seconds that the server of a database may be away in the middle of a sweep, which then goes on. 0: the
    # sweep ends at once, as it does where the server is away when it begins; the same command continues it.
    storage_timeout: Any = 300.0

    # true runs each trial, as an application needs whose values vary from run to run. false: one that asks
    # what a complete one has asked is answered from the study: right where equal configs have equal values.
    repeat: bool = True

    # Whether n_trials counts only trials that were run, so that those answered from the study come on top.
    distinct: bool = False

    # With repeat=false: dotted path of `key(cfg: DictConfig) -> Hashable | None`, by which the application
    # says which jobs have the same outcome: those whose keys are equal. None: not known, overrides decide.
    equivalence: str | None = None

    # Jobs handed to the launcher at once. The sampler sees results only after a whole batch, and the basic
    # launcher runs a batch one job after the other: with it, 1 makes the sampler learn from every trial.
    n_jobs: int = 2

    # Parameters that exist for some values of others only: {parameter: {key: value or [values]}}.
    conditions: Any = None

    # A parameter that is a choice(...), each of whose values gets the same number of trials; null: none.
    balanced: str | None = None

    # Questions to be asked first: a list of {parameter: value}; what one leaves out is chosen by the sampler.
    enqueue: Any = None

    # {study_name: ..., storage: ...}: another study, whose complete trials that fit the search space are
    # taken over. They do not count for n_trials. Without storage, it is in the same.
    warm_start: Any = None

    # A progress bar with the best value and the time left, where the standard error is a terminal.
    progress_bar: bool = True

    # Share of the finished trials that may fail before the sweep stops with the error of the job.
    max_failure_rate: Any = 0.0

    # The search space: name -> choice(...), range(...), interval(...), as on the command line. Anything that
    # is not a sweep is a fixed override of every job. null drops a parameter, such as one of an experiment:
    # hydra.sweeper.params={model.depth: null}. (Hydra cannot delete a key with a dot in it: it refuses
    # ~hydra.sweeper.params.model.depth.) Write "null" in quotes to fix a value of null.
    params: dict[str, Any] | None = None

    # Dotted path of `configure(cfg: DictConfig, trial: optuna.Trial) -> None`, which may suggest more.
    custom_search_space: str | None = None

    # The name of `params` before Hydra 1.2; kept so that it can be refused with a pointer to `params`.
    search_space: Any = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="base_optuna", node=OptunaSweeperConf, provider="recsys_optuna_sweeper"
)
