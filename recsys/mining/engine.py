"""The interface of mining engines, and `mine`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from recsys.data.transactions import TransactionSet
from recsys.errors import ParameterError
from recsys.mining.budget import Budget, require_budget
from recsys.mining.itemsets import FrequentItemsets
from recsys.parameters import require_choice, require_fraction, require_integer


class Engine(Protocol):
    """Mining engine; a group of the configuration.

    All engines return the same itemsets with the same counts in the same order. Parameters are checked before
    they reach an engine: by `mine`, or by `recsys.rules.Apriori` in an experiment. The `repr` is part of the
    key of `ItemsetCache`: parameters without effect on the itemsets are left out of it.
    """

    @property
    def name(self) -> str:
        """Name of the engine, by which transactions say that they need it."""
        ...

    def in_folder(self, folder: Path) -> Engine:
        """Return the engine of a run that leaves its results in a folder, where the engine may write, too."""
        ...

    def mine(
        self,
        transactions: Any,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets."""
        ...


# Class and parameters of each engine, as in the files of the config group `engine`; imported when it is used.
ENGINES: dict[str, tuple[str, dict[str, Any]]] = {
    "bitset": ("recsys.mining.bitset.BitsetEngine", {}),
    "mlxtend": ("recsys.mining.mlxtend.MlxtendEngine", {"algorithm": "apriori"}),
    "fpgrowth": ("recsys.mining.mlxtend.MlxtendEngine", {"algorithm": "fpgrowth"}),
    "spark": ("recsys.spark.engine.SparkEngine", {"settings": {"spark.driver.memory": "4g"}}),
}


def make_engine(name: Any) -> Engine:
    """Return the engine of a name.

    Raises
    ------
    ParameterError
        If no engine has it.
    """
    path, parameters = ENGINES[require_choice("engine", name, ENGINES)]
    module, _, name = path.rpartition(".")
    engine: Engine = getattr(import_module(module), name)(**parameters)
    return engine


def mine(
    transactions: TransactionSet,
    min_support: float,
    max_len: int | None = None,
    engine: str | Engine = "bitset",
    budget: Budget | None = None,
) -> FrequentItemsets:
    """Return all frequent itemsets of some transactions.

    Parameters
    ----------
    transactions : Transactions or SparkTransactions
        Those in Spark are mined by `SparkEngine` alone.
    min_support : float
        Fraction of the transactions, in (0, 1], that must hold an itemset for it to be frequent.
    max_len : int, optional
        Longest itemset, in items; no limit unless given.
    engine : {"bitset", "mlxtend", "fpgrowth", "spark"} or Engine
        The result does not depend on it, the time does.
    budget : Budget, optional
        Limits of memory and time; half of the memory that is available, unless given.

    Returns
    -------
    FrequentItemsets
        Empty where nothing is frequent.

    Raises
    ------
    ParameterError
        If `min_support` or `max_len` is out of range, no engine has that name, or the transactions are
        something else.
    BudgetError
        If it would take more than the budget allows.

    Examples
    --------
    >>> from recsys.data import Transactions
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> mine(transactions, min_support=0.5).supports.round(2).tolist()
    [0.67, 0.67, 0.67, 0.67]
    """
    min_support = require_fraction("min_support", min_support)
    if max_len is not None:
        max_len = require_integer("max_len", max_len, minimum=1)
    if not hasattr(transactions, "n_transactions"):
        cure = "Make one with Transactions.from_lists or Transactions.from_frame."
        raise ParameterError("transactions", "a Transactions", type(transactions), cure)
    require_budget(budget)
    chosen: Any = engine if hasattr(engine, "mine") else make_engine(engine)
    needed = transactions.engine
    if needed is not None and needed != chosen.name:
        raise ParameterError("engine", f"{needed} for these transactions", chosen.name)
    itemsets: FrequentItemsets = chosen.mine(transactions, min_support, max_len, budget)
    return itemsets
