"""Read the trials of a sweep from its folder, without Optuna.

The Optuna sweeper writes `trials.csv` and `optimization_results.yaml` after every batch. Hydra's own sweeper
leaves a folder for each job and nothing else.
"""

import csv
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna_sweeper.results import schema
from optuna_sweeper.safe_text import mask_values, masked
from optuna_sweeper.study.attributes import ANSWERED_FROM, FAIL_REASON, JOB_DIR
from recsys.runs.files import METRICS_FILE, OVERRIDES_FILE
from recsys.runs.json_file import read_json
from recsys.runs.yaml_file import load_yaml


@dataclass(frozen=True)
class Trial:
    """One trial of a sweep."""

    number: int  # in Optuna, of the job and of its folder
    state: str  # complete | pruned | fail | running
    values: tuple[float, ...] = ()  # one for each objective; empty unless complete
    params: dict[str, str] = field(default_factory=dict)  # of the search space, as text
    end: datetime | None = None
    job_dir: Path | None = None
    fail_reason: str | None = None
    answered_from: int | None = None  # number of the trial whose values were copied instead of running a job
    feasible: bool = True  # keeps all constraints
    other_identity: bool = False  # run with another configuration or other data than the study has now

    def is_result(self, n_objectives: int) -> bool:
        """Whether the trial is complete and of the study's present identity."""
        return self.state == "complete" and len(self.values) == n_objectives and not self.other_identity


def read_metrics(job: Path | None) -> dict[str, float]:
    """Return the metrics in the folder of a job; empty if there are none."""
    return read_json(job / METRICS_FILE) if job else {}


def read_trials(folder: Path, objectives: tuple[str, ...] = ()) -> list[Trial]:
    """Read the trials of a sweep's folder, in the order of their numbers.

    Without `trials.csv` the values are those of the objectives in each job's `metrics.json`.
    """
    table = folder / schema.TRIALS_FILE
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            trials = [_from_row(row, folder) for row in csv.DictReader(file)]
    else:
        numbered = (path for path in folder.iterdir() if path.name.isdigit() and path.is_dir())
        trials = [_from_job(job, objectives) for job in numbered]
    return sorted(trials, key=lambda trial: trial.number)


def read_results(folder: Path) -> dict[str, Any]:
    """Read `optimization_results.yaml`; empty if there is none."""
    results: dict[str, Any] = load_yaml(folder / schema.RESULTS_FILE)
    return results


def _from_row(row: dict[str, str], folder: Path) -> Trial:
    values = [text for name, text in row.items() if name == "value" or name.startswith("value_")]
    job_dir = Path(row[JOB_DIR]) if row.get(JOB_DIR) else None
    if job_dir and not job_dir.is_dir() and (folder / job_dir.name).is_dir():
        job_dir = folder / job_dir.name  # the folder was moved
    return Trial(
        number=int(row[schema.NUMBER]),
        state=row[schema.STATE],
        values=tuple(map(float, values)) if values and all(values) else (),
        params=mask_values(_with_prefix(row, schema.PARAMETER_PREFIX)),
        end=datetime.fromisoformat(row[schema.END]) if row.get(schema.END) else None,
        job_dir=job_dir,
        fail_reason=masked(row.get(FAIL_REASON) or "") or None,
        answered_from=int(row[ANSWERED_FROM]) if row.get(ANSWERED_FROM) else None,
        # A constraint is kept when its value is 0 or less.
        feasible=all(float(text) <= 0 for text in _with_prefix(row, schema.CONSTRAINT_PREFIX).values()),
        other_identity=row.get(schema.OTHER_IDENTITY) == "true",
    )


def _with_prefix(row: dict[str, str], prefix: str) -> dict[str, str]:
    """Return the cells, if not empty, of the columns with a prefix, by the names without it."""
    return {name.removeprefix(prefix): text for name, text in row.items() if name.startswith(prefix) and text}


def _from_job(folder: Path, objectives: tuple[str, ...]) -> Trial:
    """Read a job's folder; the trial is complete if `metrics.json` exists, which is written last."""
    metrics, overrides = read_metrics(folder), folder / OVERRIDES_FILE
    lines = overrides.read_text(encoding="utf-8").splitlines() if overrides.exists() else []
    pairs = (line.removeprefix("- ").strip("'\"").partition("=") for line in lines)
    return Trial(
        number=int(folder.name),
        state="complete" if metrics else "fail",
        values=tuple(metrics[name] for name in objectives if name in metrics),
        params=mask_values({key.lstrip("+"): value for key, equals, value in pairs if equals}),
        end=datetime.fromtimestamp((folder / METRICS_FILE).stat().st_mtime) if metrics else None,
        job_dir=folder,
    )
