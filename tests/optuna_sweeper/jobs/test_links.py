"""What a job leaves in `links.json` becomes an attribute of its trial."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from tests.optuna_sweeper.conftest import App, parabola


def test_a_trial_takes_the_links_of_its_job(app: App) -> None:
    def task(cfg: DictConfig) -> float:
        number = HydraConfig.get().job.num
        if number == 0:
            folder = Path(HydraConfig.get().runtime.output_dir)
            (folder / "links.json").write_text('{"tracker": "run 7"}')
        return parabola(cfg)

    app.sweep(*app.kept, "x=interval(0,1)", "hydra.sweeper.n_trials=2", task=task)
    with_links, without = app.study().trials
    assert with_links.user_attrs["links"] == {"tracker": "run 7"}
    assert "links" not in without.user_attrs


@pytest.mark.parametrize("text", ["{ no JSON", "[1, 2]"])
def test_what_is_no_mapping_is_passed_over_with_a_warning(
    app: App, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    def task(cfg: DictConfig) -> float:
        Path(HydraConfig.get().runtime.output_dir, "links.json").write_text(text)
        return parabola(cfg)

    app.sweep(*app.kept, "x=interval(0,1)", "hydra.sweeper.n_trials=1", task=task)
    (trial,) = app.study().trials
    assert trial.state.name == "COMPLETE"
    assert "links" not in trial.user_attrs
    assert "links.json must be a JSON object" in capfd.readouterr().out
