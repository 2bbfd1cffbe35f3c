"""Callbacks at the end of a sweep: the report, and the metrics on the test part."""

import logging
import sys
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from optuna_sweeper.results.schema import End
from recsys.metrics import COVERAGE, DECIMALS, NDCG, RECALL
from recsys.runs import exit_handlers
from recsys.runs.files import COMPARISON_PAGE_FILE, SWEEP_CONFIG_FILE
from recsys.runs.log_exceptions import log_exceptions
from recsys.runs.stored_config import names_of
from recsys.runs.trials import read_results

# At the end of a sweep Hydra calls callbacks in reverse order: list FinalCallback and CompareCallback after
# ReportCallback, which includes their results, and all three after MLflow's, which records them.

log = logging.getLogger(__name__)

LOGGED = (NDCG, RECALL, COVERAGE)  # the file has all metrics
UNFINISHED = (End.INTERRUPT, End.FAILURES, End.ERROR)


class ReportCallback(Callback):
    """Write `report.html` into the folder of a sweep."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._earlier: int | None = None  # start of an earlier sweep in the folder

    @log_exceptions
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Register the report for a sweep that fails or is interrupted: Hydra then calls no callback."""
        folder = Path(config.hydra.sweep.dir).resolve()
        self._earlier = _started(folder)
        exit_handlers.register(self._write, folder)

    @log_exceptions
    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Write the report."""
        exit_handlers.unregister(self._write)
        self._write(Path(config.hydra.sweep.dir).resolve())

    @log_exceptions
    def _write(self, folder: Path) -> None:
        if _started(folder) == self._earlier:  # the sweep never started
            return
        try:
            from recsys.reporting.report import write_report  # late: --help and single runs do not need it

            log.info(f"Report: {write_report(folder)}")
        except Exception:
            log.error("The report could not be made; python -m recsys report FOLDER tries again")
            raise


class FinalCallback(Callback):
    """Measure the best trials of a sweep once on the test part, and write `test.json`."""

    def __init__(self) -> None:
        self.failures: list[str] = []

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Measure, unless the search failed or was interrupted.

        An error is logged and raises SystemExit(1); the callbacks of the report and of MLflow still run.
        """
        if isinstance(sys.exception(), Exception):
            return  # Hydra 1.4 calls this after a sweep that failed, too: the folder may hold an earlier one
        self._measure(Path(config.hydra.sweep.dir).resolve(), config)
        if self.failures:
            raise SystemExit(1)

    @log_exceptions
    def _measure(self, folder: Path, config: DictConfig) -> None:
        ended_by = read_results(folder).get("ended_by")
        if ended_by in UNFINISHED:
            log.info("The search ended by %s: nothing is measured on the test part.", ended_by)
        elif _started(folder):
            from recsys.reporting.final import certainty

            if line := certainty(folder):
                log.info(line)
            self._write_measured(folder, names_of(config))

    def _write_measured(self, folder: Path, trusted: frozenset[str]) -> None:
        from recsys.reporting.final import measure_on_test

        for number, found in measure_on_test(folder, trusted).items():
            metrics = (f"{name} {found[name]:{DECIMALS}}" for name in LOGGED if name in found)
            log.info("Trial %d on the test part: %s", number, ", ".join(metrics))


class CompareCallback(FinalCallback):
    """Compare the best trials of each choice of a parameter with the baseline's, on the test part.

    It writes `compare.md`, `compare.json` and `compare.png`.
    """

    def __init__(self, by: str = "recommender", baseline: str = "popularity") -> None:
        super().__init__()
        self.by, self.baseline = by, baseline

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check that the search has the baseline and another choice; raise SystemExit if not."""
        searched = _choices(config, self.by)
        if self.baseline not in searched or len(searched) < 2:
            raise SystemExit(
                f"{self.by} must be a choice of {self.baseline}, the baseline, and at least one other value. "
                f"Got {', '.join(searched) or 'no such parameter'}. Set for example "
                f"'{self.by}=choice({self.baseline},rules)', or hydra.callbacks.compare.baseline."
            )

    def _write_measured(self, folder: Path, trusted: frozenset[str]) -> None:
        from recsys.reporting.comparison import compare

        table = compare(folder, self.by, self.baseline, trusted)
        log.info("On the test part:\n%s\n%s", table, folder / COMPARISON_PAGE_FILE)


def _started(folder: Path) -> int | None:
    """Return when a sweep in a folder started and wrote its configuration; None if none did."""
    path = folder / SWEEP_CONFIG_FILE
    return path.stat().st_mtime_ns if path.exists() else None


def _choices(config: DictConfig, by: str) -> list[str]:
    """Return the choices of a parameter, from the command line or `hydra.sweeper.params`."""
    expression = OmegaConf.select(config, "hydra.sweeper.params", default={}).get(by) or ""  # null: dropped
    typed = [f"{by}={expression}", *config.hydra.overrides.task]
    last = [text for text in typed if text.partition("=")[0] == by][-1]
    override = OverridesParser.create().parse_override(last)
    values = override.sweep_string_iterator() if override.is_sweep_override() else [override.value()]
    return [str(value) for value in values if value != ""]
