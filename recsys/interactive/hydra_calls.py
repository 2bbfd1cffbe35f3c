"""Hydra's runs and sweeps as calls: many in one process, also within another Hydra program or a notebook."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobRuntime
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from optuna_sweeper.search.encoding import encode
from recsys.composition import EXECUTION_WHITELIST, VERSION_BASE, execution_whitelist
from recsys.errors import ParameterError, RecsysError
from recsys.interactive.log_lines import show_log_lines
from recsys.runs import exit_handlers
from recsys.runs.trusted import CONF

JOB = "recsys"
OWN_CONF = "pkg://recsys.interactive.conf"
PROGRAM = str(Path(__file__).parents[1] / "__main__.py")
RUN, SWEEP = "recsys.run(...)", "recsys.sweep(...)"  # in place of the option of the command line
CONTROL_C, TERMINATED = 130, 143  # exit codes
ONE_AT_A_TIME = RLock()  # a task may call, too


def call_hydra(task: Callable[[DictConfig], Any], mode: str, overrides: Sequence[str]) -> DictConfig:
    """Call a task with the composed configuration, as `python -m recsys` does with the same overrides.

    `mode` is RUN or MULTIRUN. Return the configuration of the run or sweep, with Hydra's part. What Hydra
    keeps for the whole process, the logging and the command line, is as before afterwards; so a call from
    another thread waits. Raises the errors of the task, RecsysError where Hydra refuses the overrides or a
    callback ends the program, and KeyboardInterrupt after Ctrl-C.
    """
    sweeps = mode == "MULTIRUN"
    words = [*(["--multirun"] if sweeps else []), *overrides]
    with (
        ONE_AT_A_TIME,
        _restored(),
        _command_line(words),
        show_log_lines(quiet_jobs=sweeps),
        execution_whitelist(EXECUTION_WHITELIST),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "IProgress not found")  # of Optuna's own bar, which is not used
        program = _Hydra(JOB, ConfigLoaderImpl(_search_path()))
        call = program.multirun if sweeps else program.run
        error: BaseException
        try:
            chosen = program.get_mode("config", list(overrides))  # as an experiment may
            if chosen is not None and chosen != RunMode[mode]:
                cure = f"Call {RUN if sweeps else SWEEP}, or add 'hydra.mode={mode}'."
                raise ParameterError("hydra.mode", f"{mode} for this call", chosen.name, cure)
            call("config", task, [*overrides, f"hydra.mode={mode}"])
            return program.config
        except RecsysError as refused:
            error = refused.with_traceback(None)  # that of Hydra's internals says nothing to the caller
        except (HydraException, InstantiationException, OmegaConfBaseException) as refused:
            error = RecsysError(_message(refused))
        except SystemExit as end:
            error = _as_error(end, program.config)
        finally:
            exit_handlers.call_all()
    raise error from None


class _Hydra(Hydra):
    """Hydra, which keeps the configuration that it has composed."""

    config: DictConfig

    def compose_config(self, *args: Any, **kwargs: Any) -> DictConfig:
        """Compose and keep the configuration."""
        self.config = super().compose_config(*args, **kwargs)
        return self.config


def require_overrides(overrides: Sequence[Any], folder_key: str, folder: str | Path | None) -> list[str]:
    """Return overrides as Hydra takes them, with that of a folder; raise ParameterError for anything else.

    The folder stands in one place only.
    """
    for text in overrides:
        if not isinstance(text, str) or text.startswith("-"):
            cure = f"For a sweep call {SWEEP}." if text in ("-m", "--multirun") else ""
            rule = "texts such as 'engine=mlxtend' and 'apriori.min_support=0.02'"
            raise ParameterError("overrides", rule, text, cure)
        if text.lstrip("+").partition("=")[0] == folder_key and folder is not None:
            raise ParameterError("folder", f"left out where the overrides have {folder_key}", str(folder))
    return [*overrides, *([] if folder is None else [f"{folder_key}={encode(str(folder))}"])]


def _search_path() -> Any:
    path = create_config_search_path(str(CONF))
    path.prepend("interactive", OWN_CONF, anchor=SearchPathQuery(provider="hydra"))
    return path


def _message(error: BaseException) -> str:
    """Return the message of an error of Hydra, on one line, with that of OmegaConf behind it."""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else None
    texts = dict.fromkeys([str(error), *([str(cause)] if cause else [])])
    text = ". ".join(" ".join(text.split()).rstrip(".") for text in texts) + "."
    return text.replace("add --multirun to your command line", f"call {SWEEP}").replace("--multirun", SWEEP)


def _as_error(end: SystemExit, config: DictConfig) -> BaseException:
    """Return the error for an end of the program, whose message a terminal would show."""
    sweeps = config.hydra.mode == RunMode.MULTIRUN
    made = f"recsys.Sweep({config.hydra.sweep.dir!r})" if sweeps else f"recsys.Run({config.hydra.run.dir!r})"
    if end.code == CONTROL_C:
        return KeyboardInterrupt(f"{made} has the trials that were finished.")
    if end.code == TERMINATED:
        return end
    if isinstance(end.code, str):
        return RecsysError(end.code)
    return RecsysError(f"Not all was done, as the lines above say. {made} has the results.")


@contextmanager
def _command_line(words: Sequence[str]) -> Iterator[None]:
    """Let records and log lines name the command that does the same."""
    saved = sys.argv, sys.orig_argv
    sys.argv = [PROGRAM, *words]
    sys.orig_argv = [sys.executable, "-m", "recsys", *words]
    try:
        yield
    finally:
        sys.argv, sys.orig_argv = saved


@contextmanager
def _restored() -> Iterator[None]:
    """Put back what Hydra sets for the whole process."""
    base, runtime, config = version.VersionBase.instance(), JobRuntime.instance(), HydraConfig.instance()
    saved = base.getbase(), runtime.get("name"), config.cfg
    level = logging.root.level  # which hydra.verbose sets
    if VERSION_BASE:
        version.setbase(VERSION_BASE)
    try:
        yield
    finally:
        base.version_base = saved[0]
        runtime.set("name", saved[1])
        config.cfg = saved[2]
        logging.root.setLevel(level)
