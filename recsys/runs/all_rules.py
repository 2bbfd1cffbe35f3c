"""All rules of a run, of which its folder holds the best."""

from pathlib import Path

from recsys import pipeline
from recsys.data import InteractionSet
from recsys.errors import DataError, DataNotFoundError
from recsys.rules import Rules
from recsys.runs.files import DATA_FILE, FOLDS_FILE, METRICS_FILE
from recsys.runs.json_file import read_json
from recsys.runs.stored_config import read_experiment
from recsys.runs.sweep import run_command


def find_all_rules(folder: Path) -> tuple[InteractionSet, Rules]:
    """Generate the rules of a run again, from its configuration.

    Returns
    -------
    interactions : InteractionSet
    rules : Rules
        All, also those that `output.max_rules` left out; of several folds those of the last, as in the run.

    Raises
    ------
    DataNotFoundError
        If the run is not complete.
    DataError
        If the data or the number of rules are not those of the run.
    """
    data, metrics = read_json(folder / DATA_FILE), read_json(folder / METRICS_FILE)
    folds = read_json(folder / FOLDS_FILE).get("folds", ())
    n_rules = (folds[-1] if folds else metrics).get("n_rules")
    digest = data.get("transactions_digest")
    if n_rules is None or digest is None:
        raise DataNotFoundError(f"{folder}: the run is not complete. Run it again: {run_command(folder)}")
    interactions, transactions, rules = pipeline.find_rules(read_experiment(folder).in_folder(folder))
    if transactions.digest != digest:
        then, now = f"{data['n_ratings']:,}", f"{len(interactions):,}"
        raise DataError(
            f"{folder}: the data have changed since the run. It read {then} ratings, transactions "
            f"{digest[:12]}; now they are {now}, transactions {transactions.digest[:12]}. "
            f"Run it again: {run_command(folder)}"
        )
    if len(rules) != n_rules:
        raise DataError(
            f"{folder}: the run found {n_rules:,.0f} rules, and its configuration now gives {len(rules):,}. "
            f"Run it again: {run_command(folder)}"
        )
    return interactions, rules
