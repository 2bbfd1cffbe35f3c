import subprocess
import sys

from recsys import kernel

MINE = """
import sys
from numba.core.dispatcher import Dispatcher
from recsys import Transactions, generate_rules, mine

transactions = Transactions.from_lists([[1, 2, 3, 4], [1, 2, 3], [2, 3, 4]] * 1000)
rules = generate_rules(mine(transactions, 0.3), "lift", 0.5)
assert len(rules)
kernels = [value for name, module in sys.modules.items() if name.endswith("_kernel")
           for value in vars(module).values() if isinstance(value, Dispatcher)]
assert sum(len(one.stats.cache_hits) for one in kernels) > 5 or sys.argv[1] == "first"
print([one.__name__ for one in kernels if one.stats.cache_misses])
"""


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    def without_a_place_to_cache(*, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return lambda function: function

    monkeypatch.setattr(kernel, "njit", without_a_place_to_cache)
    assert kernel.kernel(abs) is abs


def test_a_second_process_compiles_nothing():
    for name in ("first", "second"):
        done = subprocess.run([sys.executable, "-c", MINE, name], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
