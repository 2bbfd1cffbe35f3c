"""Sweeps with Hydra's launcher and with the quick one: nothing that one can see differs but the time."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra.core.utils
import pytest
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from optuna_sweeper.jobs.fast_launcher import launcher as _launcher
from optuna_sweeper.jobs.fast_launcher.composer import is_known_hydra
from optuna_sweeper.jobs.fast_launcher.config_copy import copy_config, same
from optuna_sweeper.jobs.fast_launcher.launcher import SWITCH, FastLauncher, replace_launcher

CONFIG = """\
defaults: [_self_, model: small]
x: 1.0
word: a
fail: false
folder: ${hydra:runtime.output_dir}
hydra:
  sweep: {dir: "%s", subdir: "${hydra:job.num}-${word}"}
  job_logging: {formatters: {simple: {format: "%%(name)s %%(message)s"}}}
  hydra_logging: {formatters: {simple: {format: "HYDRA %%(name)s %%(message)s"}}}
"""
JOBS = [["x=2", "word='a b'"], ["x=3"], ["model=large", "x=4"], ["model=large", "fail=true"], ["+new=[1,2]"]]
JOBS += [["word='é'", "x=1e-3"], ["hydra.job.name=other"]]

Launch = Callable[..., dict[str, Any]]


class Spy:
    """Callbacks that keep what they are given."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        self.seen.append(("start", copy_config(config), sorted(kwargs)))

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        self.seen.append(("end", copy_config(config), job_return.status, sorted(kwargs)))


known = pytest.mark.skipif(not is_known_hydra(), reason="the launcher of Hydra 1.3 alone is replaced")


@pytest.fixture
def launch(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Launch:
    conf, multirun = tmp_path / "conf", tmp_path / "multirun"
    (conf / "model").mkdir(parents=True)
    (conf / "config.yaml").write_text(CONFIG % multirun)
    (conf / "model" / "small.yaml").write_text("size: 1\n")
    (conf / "model" / "large.yaml").write_text("size: 2\n")

    def launch(quick: bool, jobs: list[list[str]] = JOBS, overrides: tuple[str, ...] = ()) -> dict[str, Any]:
        shutil.rmtree(multirun, ignore_errors=True)
        seen: list[Any] = []

        def task(cfg: DictConfig) -> float:
            logging.getLogger("app").info("x is %s", cfg.x)
            part = HydraConfig.instance().cfg
            assert part is not None
            seen.append(("job", copy_config(cfg), copy_config(part), cfg.folder, str(Path.cwd())))
            seen.append((part.hydra._get_root() is part, dict(os.environ).get("FROM_CONFIG")))
            if cfg.fail == "stop":
                raise KeyboardInterrupt
            if cfg.fail:
                raise ValueError("no")
            return float(cfg.x)

        with initialize_config_dir(str(conf), version_base="1.3", job_name="app"):
            app = GlobalHydra.instance().hydra
            hydra.core.utils.setup_globals()
            master = app.compose_config("config", list(overrides), run_mode=RunMode.MULTIRUN)
            # The clock, which Hydra asks once a sweep.
            OmegaConf.get_cache(master)["now"] = {("%Y-%m-%d",): "2026-01-01", ("%H-%M-%S",): "00-00-00"}
            context = HydraContext(config_loader=app.config_loader, callbacks=Spy(seen))  # type: ignore[arg-type]
            launcher: Any = BasicLauncher()
            launcher.setup(hydra_context=context, task_function=task, config=master)
            if quick:
                launcher = replace_launcher(launcher)
                assert type(launcher) is FastLauncher
            capfd.readouterr()
            returns = [*launcher.launch(jobs[:4], 0), *launcher.launch(jobs[4:], 4)]
        files = {
            str(path.relative_to(multirun)): path.read_bytes()
            for path in multirun.rglob("*.*")
            if path.is_file()
        }
        return {"returns": returns, "seen": seen, "files": files, "output": capfd.readouterr()}

    return launch


def assert_same(one: Any, other: Any) -> None:
    """Compare what a launch left, configs with all that they hold."""
    if OmegaConf.is_config(one):
        assert same(one, other)
    elif isinstance(one, Exception):
        assert repr(one) == repr(other)
    elif isinstance(one, hydra.core.utils.JobReturn):
        assert_same(list(vars(one).items()), list(vars(other).items()))
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for mine, its in zip(one, other, strict=True):
            assert_same(mine, its)
    else:
        assert one == other


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("hydra.job.chdir=true", "hydra.output_subdir=of/hydra", "hydra.verbose=app"),
        ("hydra.output_subdir=null", "+hydra.job.env_set.FROM_CONFIG=yes"),
        ("hydra/job_logging=none", "hydra/hydra_logging=default"),
    ],
)
@known
def test_nothing_differs(launch: Launch, overrides: tuple[str, ...]) -> None:
    plain, quick = launch(False, overrides=overrides), launch(True, overrides=overrides)
    assert quick["files"] == plain["files"]
    assert quick["output"] == plain["output"]
    assert_same(quick["returns"], plain["returns"])
    assert_same(quick["seen"], plain["seen"])
    assert len(plain["returns"]) == len(JOBS)
    assert any("config.yaml" in name for name in plain["files"]) == (
        "hydra.output_subdir=null" not in overrides
    )


@known
def test_an_end_that_is_not_an_exception_leaves_no_trace(launch: Launch, tmp_path: Path) -> None:
    before, folder = HydraConfig.instance().cfg, Path.cwd()
    with pytest.raises(KeyboardInterrupt):
        launch(True, jobs=[["fail=stop", "hydra.job.chdir=true", "+hydra.job.env_set.A=1"]])
    assert HydraConfig.instance().cfg is before
    assert Path.cwd() == folder


@known
def test_a_sweep_uses_it(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    run_job = _launcher.run_job
    monkeypatch.setattr(_launcher, "run_job", lambda *args: calls.append(1) or run_job(*args))
    app.sweep("x=interval(-1, 1)", "hydra.sweeper.n_trials=2")
    assert len(calls) == 2
    monkeypatch.setenv(SWITCH, "1")
    app.clear()
    app.sweep("x=interval(-1, 1)", "hydra.sweeper.n_trials=2")
    assert len(calls) == 2


def test_other_launchers_and_versions_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(BasicLauncher):
        pass

    own, basic = Own(), BasicLauncher()
    assert replace_launcher(own) is own
    monkeypatch.setattr(hydra, "__version__", "1.4.0")
    assert replace_launcher(basic) is basic
