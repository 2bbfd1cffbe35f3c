"""The folder of a sweep."""

import csv
import io
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from optuna_sweeper.safe_text import mask_values, masked_yaml
from recsys.errors import DataNotFoundError
from recsys.metrics import DIRECTIONS, MAX_LIFT
from recsys.runs.best import best_trials, candidates, first_best
from recsys.runs.files import CONFIG_FILE, OVERRIDES_FILE, RULES_TABLE_FILE, SWEEP_CONFIG_FILE
from recsys.runs.trials import Trial, read_metrics, read_results, read_trials
from recsys.runs.yaml_file import load_yaml

PROGRAM = ("python", "-m", "recsys")
# Overrides that identify one sweep, and the one of -m.
OWN = ("hydra.sweeper.study_name", "hydra.sweep.dir", "hydra.mode")


@dataclass(frozen=True)
class Sweep:
    """Content of a sweep's folder: `multirun.yaml`, trials and `optimization_results.yaml`."""

    folder: Path
    config: dict[str, Any]
    trials: list[Trial]
    results: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def metrics(self) -> list[str]:
        """Names of the objectives."""
        return [str(name) for name in self.config.get("objective", {}).get("metrics", ["value"])]

    @cached_property
    def directions(self) -> list[str]:
        """The direction of each objective."""
        return [str(way) for way in self.config.get("objective", {}).get("directions", ["maximize"])]

    @cached_property
    def complete(self) -> list[Trial]:
        """The complete trials of the study's present identity."""
        return [trial for trial in self.trials if trial.is_result(len(self.metrics))]

    @cached_property
    def log_parameters(self) -> set[str]:
        """Names of the parameters that were searched on a logarithmic scale."""
        hydra = self.config.get("hydra", {})
        searched = dict(hydra.get("sweeper", {}).get("params") or {})
        typed = hydra.get("overrides", {}).get("task", [])
        searched |= dict(text.split("=", 1) for text in typed if "=" in text)
        return {name.lstrip("+") for name, expression in searched.items() if "tag(log" in str(expression)}

    @cached_property
    def front(self) -> list[Trial]:
        """The best trial, or with several objectives the Pareto front."""
        return best_trials(self.trials, self.directions, self.results)

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; of a Pareto front the best by the first objective."""
        return first_best(self.front, self.directions[0])

    @property
    def ranked(self) -> list[Trial]:
        """The trials that can be the best, or with several objectives the front, by the first objective."""
        trials = self.front if len(self.metrics) > 1 else candidates(self.trials, 1)
        sign = DIRECTIONS[self.directions[0]]
        return sorted(trials, key=lambda trial: (-sign * trial.values[0], trial.number))

    @cached_property
    def best_folder(self) -> Path | None:
        """The folder of the best trial's job."""
        return self.folder_of(self.best)

    @cached_property
    def _by_number(self) -> dict[int, Trial]:
        return {trial.number: trial for trial in self.trials}

    def folder_of(self, trial: Trial | None) -> Path | None:
        """Return the folder of a trial's job; a trial with copied values has that of its source."""
        while trial is not None and trial.job_dir is None and trial.answered_from is not None:
            trial = self._by_number.get(trial.answered_from)
        return trial.job_dir if trial else None

    def lift_and(self, metric: str) -> dict[int, tuple[float, float]]:
        """Return the best lift and another metric of each complete trial that has both, by its number."""
        found = {trial.number: read_metrics(self.folder_of(trial)) for trial in self.complete}
        return {
            number: (metrics[MAX_LIFT], metrics[metric])
            for number, metrics in found.items()
            if MAX_LIFT in metrics and metric in metrics
        }

    def rules(self) -> list[dict[str, str]]:
        """Return the best trial's rules, with titles."""
        return list(csv.DictReader(io.StringIO(self._of_best(RULES_TABLE_FILE))))

    def best_config(self) -> str:
        """Return the best trial's composed config, as YAML."""
        return masked_yaml(self._of_best(CONFIG_FILE))

    def command(self) -> str:
        """Return the command that repeats the sweep, as a new study."""
        overrides = self.config.get("hydra", {}).get("overrides", {})
        typed = [*overrides.get("task", []), *overrides.get("hydra", [])]
        kept = (text for text in typed if text.partition("=")[0].lstrip("+") not in OWN)
        return shlex.join([*PROGRAM, "-m", *kept])

    def best_command(self) -> str:
        """Return the command that repeats the best trial as a single run."""
        return run_command(self.best_folder) if self.best_folder else ""

    def explore_command(self) -> str:
        """Return the command that shows all rules of the best trial."""
        return shlex.join([*PROGRAM, "explore", str(self.folder)])

    def _of_best(self, name: str) -> str:
        path = self.best_folder / name if self.best_folder else None
        return path.read_bytes().decode() if path and path.exists() else ""


def read_sweep(folder: Path) -> Sweep:
    """Read a sweep's folder; raise DataNotFoundError if it is not one."""
    path = folder / SWEEP_CONFIG_FILE
    if not path.exists():
        raise DataNotFoundError(f"{folder} is not the folder of a sweep: there is no {SWEEP_CONFIG_FILE}.")
    config = mask_values(load_yaml(path))
    metrics = tuple(config.get("objective", {}).get("metrics", ()))
    return Sweep(folder, config, read_trials(folder, metrics), read_results(folder))


def run_command(folder: Path) -> str:
    """Return the command that repeats the run of a folder."""
    overrides = mask_values(load_yaml(folder / OVERRIDES_FILE))
    return shlex.join([*PROGRAM, *overrides, "hydra.mode=RUN"])  # an experiment may set MULTIRUN


def run_folder(folder: Path) -> Path:
    """Return the folder itself if it is that of a run; the best trial's if it is that of a sweep.

    Raises `DataNotFoundError` if it is neither, or no trial of the sweep is complete.
    """
    if (folder / SWEEP_CONFIG_FILE).exists():
        best = read_sweep(folder).best_folder
        if best is None:
            raise DataNotFoundError(f"{folder}: no trial of this sweep is complete.")
        return best
    if not (folder / CONFIG_FILE).exists():
        raise DataNotFoundError(
            f"{folder}: neither a run nor a sweep left its configuration there. "
            "Run one, for example python -m recsys hydra.run.dir=outputs/first, and give its folder."
        )
    return folder
