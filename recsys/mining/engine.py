"""The interface of mining engines, and `mine`."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, Self

from recsys.data.transactions import TransactionSet
from recsys.errors import ParameterError
from recsys.mining.budget import Budget, require_budget
from recsys.mining.itemsets import FrequentItemsets
from recsys.parameters import require_choice, require_fraction, require_integer


class Engine(Protocol):
    """Mining engine, a config group.

    All engines return the same itemsets in the same order. Callers have checked the parameters. The `repr` is
    part of the key of `ItemsetCache`: it omits parameters that do not affect the itemsets.
    """

    @property
    def name(self) -> str:
        """Name of the engine, by which transactions require it."""
        ...

    def in_folder(self, folder: Path) -> Self:
        """Return the engine of a run with this folder, where the engine may write, too."""
        return self

    def mine(
        self,
        transactions: Any,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets."""
        ...


# Class and parameters of each engine, as in the config group `engine`.
ENGINES: dict[str, tuple[str, dict[str, Any]]] = {
    "bitset": ("recsys.mining.bitset.BitsetEngine", {}),
    "mlxtend": ("recsys.mining.mlxtend.MlxtendEngine", {"algorithm": "apriori"}),
    "fpgrowth": ("recsys.mining.mlxtend.MlxtendEngine", {"algorithm": "fpgrowth"}),
    "spark": ("recsys.spark.engine.SparkEngine", {"settings": {"spark.driver.memory": "4g"}}),
}


def make_engine(name: Any) -> Engine:
    """Return the engine of a name; raise ParameterError if it is unknown."""
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
        Those in Spark require `SparkEngine`.
    min_support : float
        Minimum support, as a fraction of the transactions in (0, 1].
    max_len : int, optional
        Maximum number of items; None: no limit.
    engine : {"bitset", "mlxtend", "fpgrowth", "spark"} or Engine
        It affects the time, not the result.
    budget : Budget, optional
        Limits of memory and time; None: half of the available memory.

    Raises
    ------
    ParameterError
        If an argument is invalid.
    BudgetError
        If mining would exceed the budget.

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
