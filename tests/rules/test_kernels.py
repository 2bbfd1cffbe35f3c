"""Compiled or not, the result is the same."""

import os
import subprocess
import sys

import numpy as np

from tests.conftest import ROOT

PROGRAM = """
import sys
import numpy as np
from recsys.mining import FrequentItemsets
from recsys.rules import METRICS, generate_rules

# All itemsets of 5 items in 30 random transactions, made without an engine.
dense = np.random.default_rng(7).random((30, 5)) < 0.7
masks = np.arange(1, 32)
matrices, counts = [], []
for length in range(1, 6):
    chosen = masks[np.bitwise_count(masks) == length]
    matrices.append(np.array([[item for item in range(5) if mask >> item & 1] for mask in chosen]))
    counts.append(np.array([dense[:, items].all(axis=1).sum() for items in matrices[-1]]))
facts = {"items": np.arange(5), "n_transactions": 30, "min_support": 1 / 30}
itemsets = FrequentItemsets.from_levels(matrices, counts, **facts)
for number, options in enumerate([{}, {"max_consequent_len": 1, "alpha": 0.5, "correction": "none"}]):
    rules = generate_rules(itemsets, "leverage", -1.0, **options)
    assert len(rules) > 5
    sides = np.stack([rules.antecedents, rules.consequents])
    np.savez(f"{sys.argv[1]}/{number}.npz", sides=sides, **rules.measures(METRICS))
"""


def test_without_the_compiler_the_result_is_the_same(tmp_path):
    for switch in "01":
        (tmp_path / switch).mkdir()
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path / switch)]
        environment = os.environ | {"NUMBA_DISABLE_JIT": switch, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for number in range(2):
        with (
            np.load(tmp_path / f"0/{number}.npz") as compiled,
            np.load(tmp_path / f"1/{number}.npz") as plain,
        ):
            for name in compiled.files:
                # The compiler may fuse a multiplication and an addition, where tails are summed up.
                np.testing.assert_allclose(compiled[name], plain[name], rtol=1e-13, err_msg=name)
            assert (compiled["sides"] == plain["sides"]).all()
