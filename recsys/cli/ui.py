"""`recsys ui`: start MLflow's UI and print the address of the page of the runs."""

import os
import sys
from collections.abc import Sequence

from optuna_sweeper.safe_text import masked
from recsys.cli import terminal
from recsys.mlflow_store.address import configured_address, page, require_address
from recsys.mlflow_store.connection import connect
from recsys.mlflow_store.experiment import DEFAULT_EXPERIMENT, ID_VARIABLE, NAME_VARIABLE
from recsys.tracking.console import log_errors

WHERE = "The store is that of MLFLOW_TRACKING_URI, the experiment that of MLFLOW_EXPERIMENT_NAME or _ID."


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the process of `mlflow ui`; return 1 if the record is on a server, which has its own UI."""
    parser = terminal.parser("ui", WHERE)
    parser.add_argument("--port", type=int, default=5000, help="default: %(default)s")
    port = parser.parse_args(arguments).port
    log_errors()
    address = require_address(configured_address())
    if address.startswith(("http://", "https://")):
        print(
            "The record is kept by the MLflow server of MLFLOW_TRACKING_URI: "
            f"open {masked(address)} in a browser. "
            "For the record in this folder: MLFLOW_TRACKING_URI= make ui"
        )
        return 1
    print(f"Runs: {page(f'http://127.0.0.1:{port}', _experiment_id(address))}", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", address, "--port", str(port)]
    os.execv(sys.executable, command)


def _experiment_id(tracking_uri: str) -> str | None:
    """Return the id of the experiment, if it is there; the tables of a new store are made on the way."""
    if given := os.environ.get(ID_VARIABLE):
        return given
    name = os.environ.get(NAME_VARIABLE) or DEFAULT_EXPERIMENT
    found = connect(tracking_uri).get_experiment_by_name(name)
    return found.experiment_id if found else None
