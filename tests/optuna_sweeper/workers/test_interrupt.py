"""Ctrl-C and the time limit."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from optuna.trial import TrialState

SPACE = ("x=interval(-1, 1)", "hydra.sweeper.n_trials=5", "hydra.sweeper.n_jobs=1")


def press_ctrl_c(times: int, at: int = 1) -> Any:
    def task(cfg: Any) -> float:
        if HydraConfig.get().job.num == at:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
        return float(cfg.x)

    return task


@pytest.fixture(autouse=True)
def default_handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, previous) is signal.default_int_handler


CALLBACK = "+hydra.callbacks.ends={_target_: hydra.experimental.callbacks.LogJobReturnCallback}"


@pytest.mark.filterwarnings("ignore:LogJobReturnCallback no longer")  # from Hydra 1.4 on
@pytest.mark.filterwarnings("ignore:.*resolved _target_='hydra.experimental:UserWarning")
def test_once_finishes_the_running_trial(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    monkeypatch.setattr(
        "hydra.experimental.callbacks.LogJobReturnCallback.on_multirun_end",
        lambda self, config, **_: ended.append(config),
        raising=False,
    )
    with pytest.raises(SystemExit) as caught:
        app.sweep(*SPACE, *app.kept, CALLBACK, task=press_ctrl_c(1))
    assert caught.value.code == 130
    assert [trial.state for trial in app.study().trials] == [TrialState.COMPLETE] * 2
    assert app.results["n_trials"]["complete"] == 2
    assert app.results["ended_by"] == "interrupt"
    assert len(ended) == 1
    app.sweep(*SPACE, *app.kept)
    assert app.results["n_trials"]["complete"] == 5
    assert app.results["ended_by"] == "total"


def test_once_in_the_first_trial(app: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        app.sweep(*SPACE, *app.kept, task=press_ctrl_c(1, at=0))
    assert caught.value.code == 130


def test_twice_ends_at_once(app: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        app.sweep(*SPACE, *app.kept, task=press_ctrl_c(2))
    assert caught.value.code == 130
    states = [trial.state for trial in app.study().trials]
    assert states == [TrialState.COMPLETE, TrialState.FAIL, TrialState.WAITING]
    assert app.results["ended_by"] == "interrupt"
    app.sweep(*SPACE, *app.kept)
    assert app.results["n_trials"]["complete"] == 5
    _, interrupted, again, *_ = app.study().trials
    assert again.params == interrupted.params


def test_an_enqueued_question_that_was_interrupted_is_asked_again(app: Any) -> None:
    asked = "hydra.sweeper.enqueue=[{x:0.25},{x:0.5}]"
    with pytest.raises(SystemExit):
        app.sweep(*SPACE, asked, *app.kept, task=press_ctrl_c(2))
    app.sweep(*SPACE, asked, *app.kept)
    complete = [trial.params["x"] for trial in app.study().trials if trial.state is TrialState.COMPLETE]
    assert complete[:2] == [0.25, 0.5]
    assert len(complete) == 5


def test_in_the_last_trial(app: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        app.sweep(*SPACE, *app.kept, task=press_ctrl_c(1, at=4))
    assert caught.value.code == 130
    assert app.results["ended_by"] == "total"


def test_timeout(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HydraException, match="No trial was run"):
        app.sweep(*SPACE, "hydra.sweeper.timeout=0.000001", *app.kept)
    assert "hydra.sweeper.timeout=1e-06: no further trial is started." in capsys.readouterr().out
    assert app.results["ended_by"] == "timeout"


@pytest.mark.parametrize("key", ["timeout", "heartbeat"])
def test_refused(app: Any, key: str) -> None:
    with pytest.raises(HydraException, match=rf"^hydra\.sweeper\.{key} must be more than 0 seconds.* Got 0"):
        app.sweep(*SPACE, f"hydra.sweeper.{key}=0")
