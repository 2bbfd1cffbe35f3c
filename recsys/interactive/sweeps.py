"""A sweep from Python: `recsys.sweep`."""

from __future__ import annotations

import logging
import shlex
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from optuna_sweeper.safe_text import mask_values
from recsys.errors import DataNotFoundError
from recsys.interactive import html
from recsys.interactive.frames import data_overrides
from recsys.interactive.hydra_calls import call_hydra, require_overrides
from recsys.interactive.log_lines import write_log_file
from recsys.interactive.runs import Run
from recsys.job import run_for_objective
from recsys.metrics import SHORT
from recsys.runs import sweep as stored
from recsys.runs.files import REPORT_FILE, TEST_FILE
from recsys.runs.intervals import read_intervals
from recsys.runs.stored_config import names_of
from recsys.runs.trials import Trial

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

SHOWN = 5  # trials in a notebook


def sweep(*overrides: str, data: Any = None, items: Any = None, folder: str | Path | None = None) -> Sweep:
    """Run a sweep, as `python -m recsys -m` does with the same overrides.

    In a notebook a progress bar shows the best trial so far. Ctrl-C, and the stop button, end the sweep after
    the running trial; the lines of the log then say how to continue it.

    Parameters
    ----------
    *overrides : str
        As for `recsys.run`, and what to search: given values ("apriori.min_support=0.1,0.2"), an experiment
        ("experiment=seed_sweep"), or a search by Optuna ("hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=20", "apriori.min_support=interval(0.05, 0.5)").
    data, items : data frame, optional
        As for `recsys.run`.
    folder : str or Path, optional
        Where the results are written; by default a new folder `multirun/<date>/<time>` below the working
        directory. Only a study that is continued may use a folder again.

    Returns
    -------
    Sweep

    Raises
    ------
    recsys.errors.RecsysError
        As by `recsys.run`; also if no trial is complete, or too many failed.
    KeyboardInterrupt
        After Ctrl-C. `recsys.Sweep(folder)` has the trials that were finished.

    Notes
    -----
    The sweep is recorded in MLflow, as by `recsys.run`.
    """
    typed = require_overrides(overrides, "hydra.sweep.dir", folder)
    typed = [*data_overrides(data, items, typed), *typed]
    fixed = frozenset(text.replace(" ", "") for text in typed)
    config = call_hydra(partial(_run_trial, fixed), "MULTIRUN", typed)
    return Sweep(config.hydra.sweep.dir, names_of(config))


def _run_trial(fixed: frozenset[str], cfg: DictConfig) -> Any:
    hydra = HydraConfig.get()
    with write_log_file(Path(hydra.runtime.output_dir)):
        value = run_for_objective(cfg)
    if "study_name" not in hydra.sweeper:  # the Optuna sweeper has a line for each trial
        chosen = [text for text in hydra.overrides.task if text.replace(" ", "") not in fixed]
        values = ", ".join(
            f"{one:{SHORT}}" for one in (value if isinstance(value, list | tuple) else [value])
        )
        log.info("Trial %s: %s; %s", hydra.job.num, values, " ".join(mask_values(chosen)))
    return value


class Sweep:
    """A sweep's folder: its trials, the best one as a `Run`, and the report.

    Parameters
    ----------
    folder : str or Path
        Raises DataNotFoundError if it is not the folder of a sweep.
    trusted : frozenset of str
        See `recsys.runs.stored_config.read_experiment`.
    """

    def __init__(self, folder: str | Path, trusted: frozenset[str] = frozenset()) -> None:
        self.folder, self._trusted = Path(folder).resolve(), trusted
        self._stored = stored.read_sweep(self.folder)

    @property
    def best(self) -> Run:
        """The run of the best trial; of a Pareto front, that of the best by the first objective."""
        return Run(self.folder, trusted=self._trusted)

    @property
    def front(self) -> list[Run]:
        """The run of the best trial, or with several objectives those of the Pareto front."""
        folders = map(self._stored.folder_of, self._stored.front)
        return [Run(folder, trusted=self._trusted) for folder in folders if folder is not None]

    @cached_property
    def trials(self) -> pd.DataFrame:
        """A row for each trial, by its number: state, the objectives, and the parameters.

        The names of parameters are those of the overrides. Objectives are NaN unless the state is "complete".
        """
        import pandas as pd

        trials, metrics = self._stored.trials, self._stored.metrics
        rows: list[dict[str, Any]] = [
            {"trial": one.number, "state": one.state}
            | dict(zip(metrics, one.values, strict=False))
            | one.params
            for one in trials
        ]
        # The jobs of Hydra's own sweeper list all that was typed: what was not searched is left out.
        typed = self._stored.config.get("hydra", {}).get("overrides", {}).get("task", [])
        fixed = {text.partition("=")[0] for text in typed if not _is_search(text)}
        names = dict.fromkeys(name for one in trials for name in one.params if name not in fixed)
        frame = pd.DataFrame(rows, columns=["trial", "state", *metrics, *names]).set_index("trial")
        return frame.apply(_as_numbers)

    @property
    def test(self) -> pd.DataFrame:
        """Metrics of the best trials on the test part: a row for each trial and metric, with its interval.

        It is empty if nothing was held out, as with evaluation=none.
        """
        import pandas as pd

        rows = [
            (int(number), metric, one.value, one.low, one.high)
            for number, found in read_intervals(self.folder / TEST_FILE).items()
            for metric, one in found.items()
        ]
        return pd.DataFrame(rows, columns=["trial", "metric", "value", "low", "high"])

    @property
    def report(self) -> Path:
        """The path of `report.html`; raises DataNotFoundError if it was not written."""
        path = self.folder / REPORT_FILE
        if not path.exists():
            raise DataNotFoundError(
                f"{path} does not exist. To write it: python -m recsys report {shlex.quote(str(self.folder))}"
            )
        return path

    def __repr__(self) -> str:
        best = self._stored.best
        values = zip(self._stored.metrics, best.values if best else (), strict=False)
        found = "".join(f", {name}={value:{SHORT}}" for name, value in values)
        chosen = f", best trial {best.number}{found}" if best else ""
        return f"Sweep({html.short_path(self.folder)!r}, {len(self._stored.trials)} trials{chosen})"

    def _repr_html_(self) -> str:
        best = self.trials.loc[[one.number for one in self._best_trials()]].drop(columns="state")
        rows = ((str(number), *values) for number, *values in best.itertuples(name=None))
        counts = f"{len(self.trials)} trials, {len(self._stored.complete)} complete; the best"
        return html.table(["trial", *best.columns], rows, f"{html.short_path(self.folder)}: {counts}")

    def _best_trials(self) -> list[Trial]:
        """Return the best trials, or the Pareto front."""
        return self._stored.front if len(self._stored.metrics) > 1 else self._stored.ranked[:SHOWN]


def _is_search(override: str) -> bool:
    return OverridesParser.create().parse_override(override).is_sweep_override()


def _as_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column as numbers, where all of its values are."""
    import pandas as pd

    numbers: pd.Series[Any] = pd.to_numeric(column, errors="coerce")
    return numbers if numbers.notna().eq(column.notna()).all() else column
