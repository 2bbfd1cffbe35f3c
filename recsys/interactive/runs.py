"""One run from Python: `recsys.run`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from recsys.interactive import html
from recsys.interactive.frames import data_overrides
from recsys.interactive.hydra_calls import call_hydra, require_overrides
from recsys.interactive.log_lines import write_log_file
from recsys.interactive.recommender import FittedRecommender, Likes
from recsys.interactive.titled_rules import TitledRules
from recsys.job import Job, run_job
from recsys.metrics import COVERAGE, MAX_LIFT, NDCG, RECALL, SHORT
from recsys.models.training import fit_bundle
from recsys.rules import Rules
from recsys.runs.files import CONFIG_FILE, DATA_FILE, RULES_FILE
from recsys.runs.json_file import read_json
from recsys.runs.stored_config import experiment_of, names_of, read_experiment, read_settings, settings_of
from recsys.runs.sweep import run_folder
from recsys.runs.trials import read_metrics

if TYPE_CHECKING:
    from recsys.interactive.recommendations import Explanation, RecommendationList

SECONDS = "seconds_"
# In the text of a run; notebooks show all.
MAIN = ("n_transactions", "n_rules", MAX_LIFT, f"{NDCG}@10", f"{RECALL}@10", f"{COVERAGE}@10")


def run(*overrides: str, data: Any = None, items: Any = None, folder: str | Path | None = None) -> Run:
    """Run one experiment, as `python -m recsys` does with the same overrides.

    Parameters
    ----------
    *overrides : str
        Choices of config groups ("recommender=ease") and values ("apriori.min_support=0.02"), exactly as on
        the command line. They override the packaged configuration, whatever the working directory is.
    data, items : data frame, optional
        The data in place of those that `dataset` names, and titles and categories of the items: frames of
        pandas, Polars or Arrow. Columns called user_id, order_id, item_id, rating, timestamp, quantity,
        price, margin, title and categories are what their names say; in `items` item_id, title and
        categories. For other names add "dataset.columns={order_id: InvoiceNo, item_id: StockCode}", to leave
        a column out "dataset.columns.rating=null", for a column for each item "dataset.layout=one_hot". The
        frames are kept in `outputs/data`, as `python -m recsys recommend` needs them later, and read with
        all the checks of `dataset=table`.
    folder : str or Path, optional
        Where the results are written; by default a new folder `outputs/<date>/<time>` below the working
        directory. A folder of an earlier run is used again.

    Returns
    -------
    Run

    Raises
    ------
    recsys.errors.RecsysError
        ParameterError, DataError and so on, with what to change; also where Hydra refuses an override.

    Notes
    -----
    The run is recorded in MLflow as one from the command line is: where `mlflow.set_tracking_uri` and
    `mlflow.set_experiment`, or the variables of MLflow, say, or else in `mlflow.db` in the working directory.
    This takes some seconds; "hydra/callbacks=untracked" leaves it out.
    """
    jobs: list[Job] = []

    def task(cfg: DictConfig) -> Any:
        with write_log_file(Path(HydraConfig.get().runtime.output_dir)):
            jobs.append(run_job(cfg))
        return jobs[0].value

    typed = require_overrides(overrides, "hydra.run.dir", folder)
    config = call_hydra(task, "RUN", [*data_overrides(data, items, typed), *typed])
    return Run(jobs[0].folder, jobs[0], names_of(config))


class Run:
    """A finished run: its folder, and its results as objects.

    Parameters
    ----------
    folder : str or Path
        Folder of a run or a trial, or of a sweep, whose best trial is then meant.
    job : Job, optional
        What `recsys.run` still has in memory.
    trusted : frozenset of str
        See `recsys.runs.stored_config.read_experiment`.
    """

    def __init__(
        self, folder: str | Path, job: Job | None = None, trusted: frozenset[str] = frozenset()
    ) -> None:
        self.folder = run_folder(Path(folder)).resolve()
        self._job, self._trusted = job, trusted
        if job is not None:  # a later run may use the folder again: what is shown stays that of this one
            _ = self._written, self._dataset, self.config

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics by name, as in `metrics.json`, without the seconds."""
        return {name: value for name, value in self._written.items() if not name.startswith(SECONDS)}

    @property
    def seconds(self) -> dict[str, float]:
        """The wall-clock seconds of each stage."""
        found = self._written
        return {name.removeprefix(SECONDS): found[name] for name in found if name.startswith(SECONDS)}

    @cached_property
    def _written(self) -> dict[str, float]:
        return read_metrics(self.folder)

    @cached_property
    def _dataset(self) -> str:
        return str(read_json(self.folder / DATA_FILE).get("dataset", ""))

    @cached_property
    def config(self) -> DictConfig:
        """The composed configuration, with secrets masked: `run.config.apriori.min_support`."""
        config = OmegaConf.load(self.folder / CONFIG_FILE)
        assert isinstance(config, DictConfig)
        return config

    @cached_property
    def rules(self) -> TitledRules:
        """The rules with titles, the best first.

        All of them after `recsys.run`; of a folder the best `output.max_rules`, which it keeps.
        """
        if self._job is not None:
            return TitledRules(self._job.result.rules, self._job.result.interactions.titles)
        interactions = read_experiment(self.folder, self._trusted).dataset.load()
        kept, n_mined = Rules.from_parquet(self.folder / RULES_FILE), int(self.metrics["n_rules"])
        return TitledRules(kept, interactions.titles, n_mined)

    @cached_property
    def recommender(self) -> FittedRecommender:
        """The recommender, fitted on all data when it is first used; `recommend` and `explain` use it."""
        if self._job is None:
            settings = read_settings(self.folder, self._trusted)
            return FittedRecommender(fit_bundle(settings, experiment_of(settings, self._trusted)))
        settings = settings_of(self.config, self.folder / CONFIG_FILE, self._trusted)
        return FittedRecommender(fit_bundle(settings, self._job.experiment))

    def recommend(self, likes: Likes = (), k: int = 10, **options: Any) -> RecommendationList:
        """Recommend items; see `FittedRecommender.recommend`."""
        return self.recommender.recommend(likes, k, **options)

    def explain(self, likes: Likes, item: str | int, **options: Any) -> Explanation:
        """Return the reasons for one item; see `FittedRecommender.explain`."""
        return self.recommender.explain(likes, item, **options)

    def __repr__(self) -> str:
        metrics = self.metrics
        shown = ", ".join(f"{name}={metrics[name]:{SHORT}}" for name in MAIN if name in metrics)
        return f"Run({html.short_path(self.folder)!r}, {shown})"

    def _repr_html_(self) -> str:
        recommender = str(self.config.recommender._target_).rpartition(".")[-1]
        about = f"{html.short_path(self.folder)}: {recommender} on {self._dataset}"
        metrics = self.metrics
        single = {name: value for name, value in metrics.items() if "@" not in name}
        names = dict.fromkeys(name.partition("@")[0] for name in metrics if "@" in name)
        cutoffs = dict.fromkeys(name.partition("@")[2] for name in metrics if "@" in name)
        rows = ([name, *(metrics.get(f"{name}@{k}", "") for k in cutoffs)] for name in names)
        lists = html.table(["metric", *(f"@{k}" for k in cutoffs)], rows) if names else ""
        return html.table(["metric", "value"], single.items(), about) + lists
