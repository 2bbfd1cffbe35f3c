"""What several test folders share."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import composition_cache, programs, store_cache
from tests.processor_time import ProcessorTime

if TYPE_CHECKING:
    from recsys.spark import SparkEngine

ROOT = Path(__file__).parents[1]

# As in pyproject.toml: the exceptions are MLflow's and those of Hydra 1.4.
WARNINGS_ARE_ERRORS = ["-W", "error", "-W", "ignore:The ``noload`` loader strategy is deprecated"]
WARNINGS_ARE_ERRORS += ["-W", "ignore:The version_base parameter is deprecated"]


@dataclass(frozen=True)
class Outcome:
    """How a call of the application ended."""

    code: int
    stdout: str
    stderr: str


def pytest_addoption(parser: pytest.Parser) -> None:
    explained = "print the processor seconds of the N test files that took the most"
    parser.addoption("--processor-time", type=int, default=0, metavar="N", help=explained)


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # while tests are collected: what an import makes stays
    config.pluginmanager.register(ProcessorTime(config))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare this process, and fork the one that programs are forked from, before any test has run."""
    if not session.config.option.collectonly and session.items:
        composition_cache.install()
        programs.import_early()
        if "alembic" in sys.modules:
            store_cache.install()
        gc.freeze()
        gc.enable()
        programs.start_server()


def pytest_sessionfinish() -> None:
    programs.stop_server()


@pytest.fixture(scope="session", autouse=True)
def _no_tracking_from_outside() -> None:
    """Tests record where they say, not where the shell they were started from does."""
    for name in ("TRACKING_URI", "EXPERIMENT_NAME", "EXPERIMENT_ID", "RUN_ID"):
        os.environ.pop(f"MLFLOW_{name}", None)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell has what it runs in the background ignore Ctrl-C, and the programs of the tests would, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _a_cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests neither read nor fill the caches of who runs them; those of all workers share one."""
    base = tmp_path_factory.getbasetemp()
    os.environ["XDG_CACHE_HOME"] = str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "xdg")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[str], str]]:
    """Make a database in a PostgreSQL server and return its URL."""
    from tests.postgresql import server_or_skip

    with server_or_skip() as server:
        yield server


@pytest.fixture(scope="module")
def spark_engine() -> Iterator[SparkEngine]:
    """Give the engine of a session that is active: one for a file, since it takes longer than its tests.

    Spark compiles nothing here: what little there is to do is done before it would be compiled.
    """
    from recsys.errors import ParameterError
    from recsys.spark import SparkEngine
    from recsys.spark import session as spark_session

    try:
        spark_session.require_spark()
    except ParameterError as error:
        pytest.skip(str(error))
    engine = SparkEngine(
        "local[2]",
        {
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.sql.shuffle.partitions": 2,
            "spark.default.parallelism": 2,
            "spark.sql.adaptive.enabled": False,
            "spark.sql.codegen.wholeStage": False,
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        },
    )
    with engine.session():
        yield engine


@pytest.fixture(autouse=True)
def _hydra_leaves_no_trace() -> Iterator[None]:
    """Hydra configures logging and remembers itself for the whole process: put both back.

    Its handlers write to the streams of the test, which are closed by the time another test logs something.
    """
    from hydra.core.global_hydra import GlobalHydra

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    GlobalHydra.instance().clear()
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name.startswith("recsys"):
            logger.disabled = False


@pytest.fixture
def call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Outcome]:
    """Call `recsys` in this process, from an empty folder, without MLflow unless a test puts it back."""

    def call(*overrides: str, tracking: bool = False) -> Outcome:
        from recsys.__main__ import main

        monkeypatch.chdir(tmp_path)
        programs.fork_in("recsys.tracking.sender_process", monkeypatch)
        silence = [] if tracking else ["hydra/callbacks=untracked"]
        monkeypatch.setattr(sys, "argv", ["recsys", *overrides, *silence])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def shell(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the application in a process of its own, as a user does from a shell."""
    return programs.run(
        [sys.executable, *WARNINGS_ARE_ERRORS, "-m", "recsys", *arguments],
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of MLflow with its tables made, which takes seconds: tests copy it."""
    from recsys.mlflow_store.connection import connect

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of MLflow of the test's own."""
    monkeypatch.chdir(tmp_path)  # MLflow puts artifacts beside it
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return tmp_path / "mlflow.db"
