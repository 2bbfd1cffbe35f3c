"""`scripts/benchmark.py serve`: latency and throughput of the service and of `mlflow models serve`.

One model is trained and registered in a temporary folder, then served by each in turn, in one process. A
client in another process requests ten items with three reasons each on loopback, for random histories with
the popularity of real likes. Our service gets requests at a constant rate (latency runs from the moment a
request was due) and then at its maximum rate; MLflow's gets one at a time, which is its maximum. `GET
/health/live` at the same rate shows the cost of HTTP, client and machine without any work. Client and
server share the processor: `client_processor` is the fraction of one core that the client uses.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from load_client import Load, at_rate, one_after_the_other, request, run
from serving_process import ROOT, Serving, serving

K, REASONS = 10, 3
N_REQUESTS = 200  # different requests, sent in turn
MODEL = "models:/recsys@challenger"
COLUMNS = ("requests_a_second", "p50_ms", "p99_ms", "max_ms", "failed", "client_processor")


def serve(arguments: argparse.Namespace) -> dict[str, object]:
    """Measure; return the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}", "PYTHONPATH": str(ROOT)}
        made = ["recsys", "hydra.run.dir=run", "hydra/callbacks=untracked"]
        call(
            [*made, f"dataset={arguments.dataset}", f"apriori.min_support={arguments.min_support}"],
            folder,
            environment,
        )
        call(["recsys", "registry", "register", "run"], folder, environment)
        histories = {size: draw(size, environment["MLFLOW_TRACKING_URI"]) for size in arguments.histories}
        with serving(["--model", MODEL], folder, environment) as server:
            rows = ours(server, histories, arguments)
        if arguments.mlflow:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn
            with serving(mlflow_command(), folder, environment | {"PATH": path}) as server:
                rows |= theirs(server, histories, arguments)
    return {
        "dataset": arguments.dataset, "min_support": arguments.min_support, "rate": arguments.rate,
        "seconds": arguments.seconds, "rows": rows,
    }  # fmt: skip


def call(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run one of our programs, or end with what it complained of."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=os.environ | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def draw(size: int, tracking_uri: str) -> list[list[Any]]:
    """Return histories of some length, the items drawn by how many like them."""
    from recsys.models.mlflow_model import load_bundle

    bundle = load_bundle(MODEL, tracking_uri)
    counts = np.bincount(bundle.histories.item_indices, minlength=bundle.histories.n_items)
    generator = np.random.default_rng(size)
    drawn = (
        generator.choice(len(counts), size, replace=False, p=counts / counts.sum()) for _ in range(N_REQUESTS)
    )
    return [[bundle.item_ids[item] for item in row.tolist()] for row in drawn]


def ours(
    server: Serving, histories: dict[int, list[list[Any]]], arguments: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Measure our service."""
    at = f"{arguments.rate:g} requests a second"
    rows = {}

    def measured(name: str, ask: Callable[[], Any]) -> None:
        rows[name] = figures(name, run(ask()))

    live, many = [request("/health/live")], {}
    for size, likes in histories.items():
        many[size] = [request("/recommend", {"items": row, "k": K, "explain": True}) for row in likes]
        run(one_after_the_other(server.port, many[size], min(1.0, arguments.seconds)))  # warm
    measured(f"no work, {at}", lambda: at_rate(server.port, live, arguments.rate, arguments.seconds))
    for size, requests in many.items():
        measured(
            f"{size} likes, {at}",
            lambda requests=requests: at_rate(server.port, requests, arguments.rate, arguments.seconds),
        )
    for size, requests in many.items():
        measured(
            f"{size} likes, one at a time",
            lambda requests=requests: one_after_the_other(server.port, requests, arguments.seconds),
        )
        measured(
            f"{size} likes, four at a time",
            lambda requests=requests: one_after_the_other(server.port, requests, arguments.seconds, 4),
        )
    return rows


def mlflow_command() -> list[str]:
    """Return the command that serves the model with MLflow in one process."""
    programs = Path(sys.executable).parent
    with socket.socket() as free:  # MLflow does not accept port 0
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(programs / "mlflow"), "models", "serve", "-m", MODEL, "--env-manager", "local"]
    return [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]


def theirs(
    server: Serving, histories: dict[int, list[list[Any]]], arguments: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Measure MLflow's server."""
    rows = {}
    for size, likes in histories.items():
        requests = [
            request(
                "/invocations",
                {"dataframe_records": [{"likes": row}], "params": {"k": K, "explain": True}},
            )
            for row in likes
        ]
        run(one_after_the_other(server.port, requests, min(1.0, arguments.seconds)))  # warm
        name = f"mlflow models serve, {size} likes, one at a time"
        rows[name] = figures(name, run(one_after_the_other(server.port, requests, arguments.seconds)))
    return rows


def figures(name: str, load: Load) -> dict[str, float]:
    """Return the figures of a row, and print them."""
    values = load.figures()
    print(f"{name}: {', '.join(f'{key} {values[key]:g}' for key in COLUMNS)}", flush=True)
    if load.failed:
        print(f"  failed: {load.failed[0]}", file=sys.stderr)
    return values


def serve_tables(values: dict[str, Any]) -> str:
    """Format the figures as a table."""
    title = f"{values['dataset']}, min_support {values['min_support']:g}, {values['seconds']:g} s each"
    lines = [f"| {title} | {' | '.join(COLUMNS)} |", "|---" + "|---:" * len(COLUMNS) + "|"]
    for name, row in values["rows"].items():
        lines.append(f"| {name} | " + " | ".join(f"{row[column]:g}" for column in COLUMNS) + " |")
    return "\n".join(lines) + "\n"


def add_commands(commands: Any) -> None:
    """Add `serve` to the command line."""
    one = commands.add_parser("serve", help="recommendations over HTTP: our service and mlflow models serve")
    one.add_argument("--dataset", default="ml_latest_small_2016", help="(%(default)s)")
    one.add_argument("--min-support", type=float, default=0.01, help="of the rules (%(default)s)")
    one.add_argument("--histories", metavar="LIKES", type=int, nargs="+", default=[5, 200])
    one.add_argument("--rate", type=float, default=500, help="requests a second (%(default)s)")
    one.add_argument("--seconds", type=float, default=10, help="of each measurement (%(default)s)")
    one.add_argument("--no-mlflow", dest="mlflow", action="store_false", help="our service alone")
    one.set_defaults(measure=serve, tables=serve_tables)
