"""`python -m recsys`: runs and sweeps by Hydra, and the sub-commands of `recsys.cli`."""

import atexit
import functools
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import hydra
from omegaconf import DictConfig

from recsys.cli import COMMANDS, help
from recsys.composition import EXECUTION_WHITELIST, VERSION_BASE, share_config_store
from recsys.job import run_for_objective
from recsys.runs.trusted import CONF

PARAMS = "hydra.sweeper.params"

# Options by which Hydra reads another configuration, for which it has its own --help.
OTHER_CONFIG = {"--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn"}

OPTIONS: dict[str, Any] = (
    {"version_base": VERSION_BASE} if VERSION_BASE else {"execution_whitelist": EXECUTION_WHITELIST}
)


def name_cure(program: Callable[..., None]) -> Callable[..., None]:
    """Add to Hydra's error what to type instead of ``~hydra.sweeper.params.a.b``."""

    @functools.wraps(program)
    def run(*args: Any) -> None:
        try:
            program(*args)
        except SystemExit as end:
            wrong = [key for text in sys.argv[1:] if "." in (key := text.partition(f"~{PARAMS}.")[2])]
            if end.code and wrong:
                nulls = ", ".join(f"{key}: null" for key in wrong)
                print(f"To drop parameters from the search space: '{PARAMS}={{{nulls}}}'", file=sys.stderr)
            raise

    return run


@name_cure
@hydra.main(config_path=str(CONF), config_name="config", **OPTIONS)
def main(cfg: DictConfig) -> Any:
    """Run one experiment and return its objective, as `recsys.evaluation.Objective` makes it."""
    return run_for_objective(cfg)


def run() -> None:
    """Run a sub-command, or Hydra."""
    gc.freeze()  # here, not in a notebook, what `quick_import` imports is kept from collections of garbage
    atexit.register(gc.freeze)  # no search for garbage in memory that is freed anyway: 0.4 s after a sweep
    command = next(iter(sys.argv[1:]), "")
    if command in COMMANDS:
        sys.exit(import_module(f"recsys.cli.{command}").main(sys.argv[2:]))
    if help.FLAGS.intersection(sys.argv) and not OTHER_CONFIG.intersection(sys.argv):
        sys.exit(help.main(sys.argv[1:]))
    share_config_store()
    main()


if __name__ == "__main__":
    run()
