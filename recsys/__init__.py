"""An experiment framework for association-rule recommenders.

>>> from recsys import Transactions, generate_rules, mine
>>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
>>> rules = generate_rules(mine(transactions, min_support=0.5), metric="lift")
>>> len(rules)
2
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys.data.transactions import Transactions
    from recsys.interactive import Run, Sweep, load, run, sweep
    from recsys.mining import FrequentItemsets, mine
    from recsys.rules import Rules, generate_rules

__all__ = [
    "FrequentItemsets",
    "Rules",
    "Run",
    "Sweep",
    "Transactions",
    "generate_rules",
    "load",
    "mine",
    "run",
    "sweep",
]

_HOMES = {
    "FrequentItemsets": "recsys.mining",
    "mine": "recsys.mining",
    "Rules": "recsys.rules",
    "generate_rules": "recsys.rules",
    "Transactions": "recsys.data.transactions",
    "Run": "recsys.interactive",
    "load": "recsys.interactive",
    "run": "recsys.interactive",
    "Sweep": "recsys.interactive",
    "sweep": "recsys.interactive",
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    # Resolved on first use: `python -m recsys --help` must not wait for NumPy, SciPy and Numba.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
