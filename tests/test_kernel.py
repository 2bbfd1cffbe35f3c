import logging
import signal
import subprocess
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from time import thread_time
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from recsys import kernel
from recsys.mining import Budget
from recsys.mining.budget import MiningMeter
from recsys.pipeline import timed
from recsys.rules.budget import RulesMeter
from recsys.rules.options import RuleOptions

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
        if done.stdout == "[]\n":
            break  # another test was the first
    assert done.stdout == "[]\n"


def test_kernels_are_compiled_again_after_a_change_of_kernels_that_they_import(tmp_path, monkeypatch):
    (tmp_path / "stale").mkdir()
    inner, outer = (tmp_path / f"stale/_{name}_kernel.py" for name in ("inner", "outer"))
    outer.write_text(
        "from recsys.kernel import kernel\n"
        "from stale._inner_kernel import FACTOR, inner\n\n\n"
        "@kernel\ndef outer(number):\n    return FACTOR * inner(number)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    results = []
    for change in (1, 2):
        inner.write_text(
            f"from recsys.kernel import kernel\n\nFACTOR = {10**change}\n\n\n"
            f"@kernel\ndef inner(number):\n    return number + {change}\n"
        )
        for name in ("stale._outer_kernel", "stale._inner_kernel"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        kernel.digest.cache_clear()
        invalidate_caches()
        results.append(import_module("stale._outer_kernel").outer(0))
    assert results == [10, 200]
    assert len(list(tmp_path.rglob("_outer_kernel.outer*.nbc"))) > 0


def test_python_is_given_no_named_tuple():
    # Numba runs Python to make one, and does not look whether an interrupt ended that: a segmentation fault.
    folder = Path(kernel.__file__).parent
    files = [file.relative_to(folder.parent) for file in folder.rglob("_*_kernel.py")]
    modules = [import_module(".".join(file.with_suffix("").parts)) for file in files]
    kernels = {one for module in modules for one in vars(module).values() if isinstance(one, Dispatcher)}
    returned = {one.__name__: one.py_func.__annotations__["return"] for one in kernels}
    assert len(returned) > 50
    assert [name for name, kind in returned.items() if hasattr(kind, "_fields")] == ["room_for"]  # of kernels


def test_an_interrupt_during_a_kernel_is_a_keyboard_interrupt():
    send = numba.types.ExternalFunction("raise", numba.types.int32(numba.types.int32))

    @numba.njit
    def interrupted(number):
        send(number)
        return np.zeros(1), np.zeros(1)

    interrupted(0)  # no signal
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted(int(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.fixture
def uncompiled(monkeypatch):
    """A function that takes longer to compile than to run.

    Clocks show the processor time of this thread, which other processes do not make longer.
    """
    monkeypatch.setattr(kernel, "perf_counter", thread_time)

    @numba.njit
    def function(number):
        total = 0
        for one in range(number):
            total += one // 3 if one % 7 else number
        return total

    return lambda: function(5)


def test_the_clock_stands_still_while_a_kernel_is_compiled(uncompiled):
    wall, work = thread_time(), kernel.clock()
    uncompiled()
    wall, work = thread_time() - wall, kernel.clock() - work
    assert 0 < work < wall / 2


def test_seconds_of_a_stage_and_of_a_budget_are_those_of_the_work(uncompiled):
    seconds, wall = {}, thread_time()
    meters = (
        MiningMeter(Budget(max_seconds=100), 10, 0.1, None, 1),
        RulesMeter(Budget(max_seconds=100), RuleOptions()),
    )
    with timed("mine", seconds):
        uncompiled()
    wall = thread_time() - wall
    assert 0 < seconds["mine"] < wall / 2
    assert meters[0].seconds_left > 100 - wall / 2
    assert kernel.clock() - meters[1]._started < wall / 2


def test_compiling_is_announced_once(caplog):
    kernel._announce.cache_clear()
    with caplog.at_level(logging.INFO, "recsys.kernel"):
        for kind in ("numba:compiler_lock", "numba:compile", "numba:compile"):
            kernel._compiling.on_start(SimpleNamespace(kind=kind))
            kernel._compiling.on_end(None)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Compiling the kernels, which takes up to a minute")
