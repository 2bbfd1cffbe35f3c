"""The fast launcher in place of Hydra's basic launcher, and the switch that turns it off."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core import utils
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from optuna_sweeper.jobs.fast_launcher.composer import Composer, Folder, is_known_hydra
from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, is_plain
from optuna_sweeper.jobs.fast_launcher.yaml_text import YamlWriter
from optuna_sweeper.safe_text import mask_values

# By name: Hydra imports its plugins again when it searches for them, and then there are two of the class.
BASIC = "hydra._internal.core_plugins.basic_launcher"

log = logging.getLogger(BASIC)  # the log lines are those of the replaced launcher

#: The environment variable that turns the fast launcher off, if it is set and not empty.
SWITCH = "OPTUNA_SWEEPER_PLAIN_LAUNCHER"


def replace_launcher(launcher: Launcher) -> Launcher:
    """Return the fast launcher in place of Hydra's basic launcher, otherwise the given one."""
    basic = (type(launcher).__module__, type(launcher).__qualname__) == (BASIC, "BasicLauncher")
    known = basic and is_known_hydra() and version.base_at_least("1.2")
    return FastLauncher(launcher) if known and not os.environ.get(SWITCH) else launcher


class FastLauncher(BasicLauncher):
    """Run jobs in this process, one after the other, as the `BasicLauncher` that it replaces does."""

    hydra_context: Any
    task_function: Any
    config: Any

    def __init__(self, launcher: Launcher) -> None:
        vars(self).update(vars(launcher))  # of its setup
        self.composer = Composer(self.hydra_context.config_loader, self.config)
        self.writer = YamlWriter()
        self._logs_to_sweep = False

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs with these overrides."""
        utils.setup_globals()
        own = self.config.hydra
        if not self._logs_to_sweep:  # otherwise it was configured after the last job
            utils.configure_log(own.hydra_logging, own.verbose)
        Path(str(own.sweep.dir)).mkdir(parents=True, exist_ok=True)
        log.info(f"Launching {len(job_overrides)} jobs locally")
        jobs = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            log.info(f"\t#{number} : {' '.join(mask_values(utils.filter_overrides(overrides)))}")
            self._logs_to_sweep = False
            jobs.append(self._run(overrides, number))
            utils.configure_log(own.hydra_logging, own.verbose)
            self._logs_to_sweep = True
        return jobs

    def _run(self, overrides: Sequence[str], number: int) -> JobReturn:
        config = self.composer.compose(overrides)
        folder = self.composer.folder(config, number)  # and the number, in the config
        if is_plain(config):
            return run_job(config, folder, self.task_function, self.hydra_context, self.writer)
        return utils.run_job(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


def run_job(
    config: DictConfig,
    folder: Folder,
    task_function: TaskFunction,
    hydra_context: HydraContext,
    writer: YamlWriter,
) -> JobReturn:
    """Run one job with a config that `is_plain`, as Hydra 1.3 does, but copy and write configs faster."""
    callbacks = hydra_context.callbacks
    instance = HydraConfig.instance()
    old_cwd, old_hydra = Path.cwd(), instance.cfg

    own = config.hydra  # each access takes 30 microseconds
    OmegaConf.set_readonly(own, True)
    output_dir = os.path.join(*folder)  # noqa: PTH118  # as Hydra writes it
    runtime = own.runtime
    with read_write(runtime), open_dict(runtime):
        runtime.output_dir = os.path.abspath(output_dir)  # noqa: PTH100
    instance.cfg = hydra_view(config)  # type: ignore[assignment]

    chdir = None
    try:
        job = JobReturn()
        job.cfg = task_config = copy_config(config, without="hydra")
        job.hydra_cfg = hydra_config = hydra_part(config)
        overrides = own.overrides.task
        job.overrides = OmegaConf.to_container(overrides)  # type: ignore[assignment]
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        settings = hydra_config.hydra.job
        chdir = settings.chdir
        if chdir:
            os.chdir(output_dir)
        job.working_dir = output_dir if chdir else str(old_cwd)
        utils.configure_log(own.job_logging, own.verbose)
        if (subdir := own.output_subdir) is not None:
            place = Path(runtime.output_dir) / Path(subdir)
            place.mkdir(parents=True, exist_ok=True)
            for name, part in (("config", task_config), ("hydra", hydra_config), ("overrides", overrides)):
                (place / f"{name}.yaml").write_text(writer.text(part), encoding="utf-8")
        with utils.env_override(settings.env_set):
            callbacks.on_job_start(config=config, task_function=task_function)
            try:
                job.return_value = task_function(task_config)
                job.status = JobStatus.COMPLETED
            except Exception as error:
                job.return_value = error
                job.status = JobStatus.FAILED
        job.task_name = utils.JobRuntime.instance().get("name")
        utils._flush_loggers()
        callbacks.on_job_end(config=config, job_return=job)
        return job
    finally:
        instance.cfg = old_hydra
        if chdir:
            os.chdir(old_cwd)


def hydra_view(config: DictConfig) -> DictConfig:
    """Return a config with Hydra's part only, the same object, whose interpolations see the whole config."""
    part = DictConfig({})
    part.__dict__["_content"]["hydra"] = config._get_node("hydra")
    return part


def hydra_part(config: DictConfig) -> DictConfig:
    """Return a config with a copy of Hydra's part only, whose interpolations have this root."""
    part = DictConfig({})
    part.__dict__["_content"]["hydra"] = copy_config(config._get_node("hydra"), part)
    return part
