"""Reproduce Table 1 of the report and check its numbers: scripts/reproduce.py [--engine bitset mlxtend].

For ml-latest-small, the edition of the report, the expected numbers are those of the report; the files are
found as with dataset=ml_latest_small. For the bundled edition of 2016 they are those of mlxtend.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MEANING = {
    "ml_latest_small_2016": "the bundled edition of 2016, whose numbers are those of mlxtend",
    "ml_latest_small": "the report's own Table 1 (609 transactions, 427,088 rules, best lift 53.2875)",
}
CURE = "with a network, or with RECSYS_DATA_DIR=FOLDER where FOLDER/ml-latest-small holds ratings.csv"
EXPECTED = {
    "ml_latest_small_2016": {"n_transactions": 671, "n_rules": 354_960, "max_lift": 55.916666666666664},
    "ml_latest_small": {
        "n_transactions": 609,
        "n_itemsets": 215_433,
        "n_rules": 427_088,
        "max_lift": 53.2875,
    },
}


def run(dataset: str, engine: str) -> dict[str, float] | str:
    """Run the experiment as a user would; return its metrics, or the error it ended with."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "recsys", "experiment=seed_table1", f"dataset={dataset}"]
        command += [f"engine={engine}", f"hydra.run.dir={folder}", "hydra/callbacks=untracked"]
        command.append("cache.enabled=false")  # always mine
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return json.loads(Path(folder, "metrics.json").read_text(encoding="utf-8"))
    lines = done.stderr.strip().splitlines()
    return next((line for line in lines if not line.startswith("Error executing job")), "no message")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each dataset and engine; return 1 if a number differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", nargs="+", default=["bitset"], help="default: bitset")
    engines = parser.parse_args(arguments).engine
    differing, not_run = 0, set()
    for dataset, expected in EXPECTED.items():
        for engine in engines:
            metrics = run(dataset, engine)
            if isinstance(metrics, str):
                print(f"{dataset} {engine}: not run. {metrics}")
                differing += dataset == "ml_latest_small_2016"
                not_run.add(dataset)
                continue
            found = {name: metrics[name] for name in expected}
            verdict = "as expected" if found == expected else f"EXPECTED {expected}"
            differing += found != expected
            figures = ", ".join(f"{name} {value:,}" for name, value in found.items())
            print(f"{dataset} {engine}: {figures}: {verdict} ({metrics['seconds_mine']:.3f} s mining)")
    for dataset, meaning in MEANING.items():
        print(f"{'NOT CHECKED' if dataset in not_run else 'Checked'}: {meaning}.")
    if "ml_latest_small" in not_run:
        print(f"To check it, run this again {CURE}.")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
