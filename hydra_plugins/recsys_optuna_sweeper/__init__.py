"""A Hydra sweeper that lets Optuna choose the parameters: ``hydra/sweeper=optuna``.

Any Hydra application can use it; it knows Hydra and Optuna and nothing else.

    config.py, *_config.py         what ``hydra.sweeper`` may say
    conf/, search_path.py          the options optuna, tpe, ... as files, which an application may replace
    sweeper.py                     the plugin that Hydra instantiates
    reporting.py                   report() and prune(), which a job may call
    safe_text.py                   text without secrets and control characters
    _arguments.py                  params and command line -> fixed overrides and parameters
    _search_space.py               one sweep expression -> one Optuna distribution
    _conditions.py                 parameters that exist for some values of others only
    _balance.py                    a parameter whose choices get the same number of trials
    _encoding.py                   a value -> the text of an override
    _sampler.py, _grid.py          the sampler, and what it can search
    _brute_force.py                a sampler that passes over what is no result
    _pruner.py                     the pruner
    _instantiate.py                objects of config nodes, on Hydra 1.3 and 1.4
    _storage.py, _journal.py       where the study is kept
    _study.py                      directions, and the study
    _spec.py, _identity.py         what a study asks, and that it asks what it asked before
    _folders.py                    a sweep's folder for each study, a job's folder for each trial
    _worker.py, _claims.py         the processes at one study: who lives, and who runs which trial
    _beginning.py                  what a study starts from
    _run.py                        from the settings to a sweep
    _sweep.py                      ask, launch, tell
    _launcher.py                   jobs in this process, as Hydra's basic launcher runs them, but quicker:
    _compose.py, _job.py           composed once, run with fewer copies,
    _copy.py, _yaml.py             and those copied and written faster
    _known.py                      questions whose answer the study knows
    _interrupt.py                  Ctrl-C and SIGTERM
    _progress.py                   the progress bar
    _attributes.py, _links.py      what is written into a trial, and what a job's links.json adds
    _outcome.py                    what a job returned -> what the study is told
    _best.py, _results.py, _report.py   what came of it: the best, the files, the log lines

Hydra imports every module of ``hydra_plugins`` when any Hydra application starts, except those whose name
begins with an underscore. So Optuna is imported by the underscored modules alone, and those only once a sweep
runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reporting import prune, prunes, report

__all__ = ["prune", "prunes", "report"]


def __getattr__(name: str) -> Any:
    # Resolved on first use: whoever needs safe_text alone does not import Hydra.
    if name in __all__:
        return getattr(import_module(".reporting", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
