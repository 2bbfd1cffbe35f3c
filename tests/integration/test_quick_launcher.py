"""The sweeper's own launcher on the configuration of recsys: it writes what Hydra's launcher writes."""

from __future__ import annotations

import shutil
from pathlib import Path

from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import HydraContext, RunMode

from optuna_sweeper.jobs.fast_launcher.launcher import replace_launcher
from recsys.__main__ import CONF

JOBS = [
    [
        "experiment=seed_sweep",
        "apriori.min_support=0.012",
        "apriori.metric=lift",
        "apriori.min_threshold=0.5",
    ],
    [
        "experiment=seed_sweep",
        "apriori.min_support=1e-3",
        "apriori.metric=leverage",
        "apriori.min_threshold=0",
    ],
    ["experiment=seed_sweep", "engine=mlxtend", "apriori.max_len=null"],
    ["experiment=seed_sweep", "engine=mlxtend", "apriori.max_len=3", "+note=[a,{b:c}]"],
]


def test_the_files_of_jobs_are_equal(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    written = []
    with initialize_config_dir(str(CONF), version_base="1.3", job_name="recsys"):
        hydra = GlobalHydra.instance().hydra
        setup_globals()
        overrides = ["experiment=seed_sweep", "hydra.mode=MULTIRUN", f"hydra.sweep.dir={sweep}"]
        master = hydra.compose_config("config", overrides, RunMode.MULTIRUN)
        context = HydraContext(config_loader=hydra.config_loader, callbacks=Callbacks())
        for change in (lambda launcher: launcher, replace_launcher):
            launcher = BasicLauncher()
            launcher.setup(hydra_context=context, task_function=lambda cfg: cfg.seed, config=master)
            jobs = change(launcher).launch(JOBS, initial_job_idx=0)
            assert [job.return_value for job in jobs] == [42] * len(JOBS)
            paths = sorted(path for path in sweep.rglob("*") if path.is_file())
            written.append({path.relative_to(sweep): path.read_bytes() for path in paths})
            shutil.rmtree(sweep)
    assert written[0] == written[1]
    assert {Path(f"3/.hydra/{name}.yaml") for name in ("config", "hydra", "overrides")} <= set(written[0])
