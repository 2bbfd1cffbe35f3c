"""`python -m recsys`: compose the configuration, run the pipeline, return the objective."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException, InstantiationException
from omegaconf import DictConfig, OmegaConf

log = logging.getLogger("recsys")

# In the wheel the configuration lies inside the package, in the repository beside it.
PACKAGE = Path(__file__).resolve().parent
CONF = next(folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir())


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(cfg: DictConfig) -> float | tuple[float, ...]:
    """Run one experiment and return its objective."""
    # Imported here: --help and --cfg must not wait for NumPy and SciPy.
    from recsys.errors import RecsysError
    from recsys.pipeline import run

    try:
        objective, output = build(cfg, "objective"), build(cfg, "output")
        result = run(*(build(cfg, group) for group in ("dataset", "preprocessing", "apriori", "engine")))
        output.write(result, Path(HydraConfig.get().runtime.output_dir))
    except RecsysError as error:
        raise ExperimentError(str(error)) from error
    for line in output.describe(result):
        log.info(line)
    value: float | tuple[float, ...] = objective(result.metrics)
    return value


class ExperimentError(CompactHydraException):
    """An error that Hydra shows as its message, without a traceback."""


def build(cfg: DictConfig, group: str) -> Any:
    """Make the object of a config group; a parameter error names the key as typed."""
    from recsys.errors import ParameterError

    if not isinstance(cfg[group], DictConfig):
        raise ParameterError(group, "a group of settings, as python -m recsys --cfg job shows", cfg[group])
    missing = sorted(OmegaConf.missing_keys(cfg[group]))
    if missing:
        raise ParameterError(missing[0], "given", "???", f"For example {missing[0]}=... on the command line.")
    try:
        return hydra.utils.instantiate(cfg[group], _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, ParameterError):
            raise error.__cause__.within(group) from error
        raise


if __name__ == "__main__":
    main()
