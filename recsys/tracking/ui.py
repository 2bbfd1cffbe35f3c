"""MLflow's UI for the record that runs are kept in, with the address of the page that shows them."""

from __future__ import annotations

import os
import sys

from optuna_sweeper.safe_text import masked
from recsys.mlflow_store.address import DEFAULT_ADDRESS, page, require_address
from recsys.mlflow_store.connection import connect
from recsys.mlflow_store.experiment import DEFAULT_EXPERIMENT, ID_VARIABLE, NAME_VARIABLE


def run_ui(port: int) -> int:
    """Print the address of the runs, and become the process of `mlflow ui`.

    The store is that of MLFLOW_TRACKING_URI, the experiment that of MLFLOW_EXPERIMENT_NAME or
    MLFLOW_EXPERIMENT_ID; where it is not there yet, the address is that of the UI.

    Returns
    -------
    int
        1, where a tracking server keeps the record: its own UI is the place to look.
    """
    address = require_address(os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_ADDRESS)
    if address.startswith(("http://", "https://")):
        print(
            "The record is kept by the MLflow server of MLFLOW_TRACKING_URI: "
            f"open {masked(address)} in a browser. "
            "For the record in this folder: MLFLOW_TRACKING_URI= make ui"
        )
        return 1
    print(f"Runs: {page(f'http://127.0.0.1:{port}', find_experiment(address))}", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", address, "--port", str(port)]
    os.execv(sys.executable, command)


def find_experiment(tracking_uri: str) -> str | None:
    """Return the id of the experiment that runs are recorded in, if it is there.

    The tables of a new store are made on the way: of two programs that make them at once, one fails.
    """
    if given := os.environ.get(ID_VARIABLE):
        return given
    name = os.environ.get(NAME_VARIABLE) or DEFAULT_EXPERIMENT
    found = connect(tracking_uri).get_experiment_by_name(name)
    return found.experiment_id if found else None
