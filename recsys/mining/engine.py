"""Engines: what they have in common, and the function that runs one."""

from __future__ import annotations

from typing import Protocol

from recsys.data.transactions import Transactions
from recsys.errors import ParameterError
from recsys.mining.bitset import BitsetEngine
from recsys.mining.budget import Budget, require_budget
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.mlxtend import MlxtendEngine
from recsys.parameters import require_choice, require_fraction, require_integer
from recsys.spark.engine import SparkEngine
from recsys.spark.transactions import SparkTransactions


class Engine(Protocol):
    """Something that mines; a group of the configuration.

    All engines return the same itemsets with the same counts in the same order. Parameters are checked before
    they reach an engine: by `mine`, or by `recsys.rules.Apriori` in an experiment.
    """

    def mine(
        self,
        transactions: Transactions,
        min_support: float,
        max_len: int | None = None,
        budget: Budget | None = None,
    ) -> FrequentItemsets:
        """Return all frequent itemsets."""
        ...


ENGINES: dict[str, Engine] = {
    "bitset": BitsetEngine(),
    "mlxtend": MlxtendEngine(algorithm="apriori"),
    "fpgrowth": MlxtendEngine(algorithm="fpgrowth"),
    "spark": SparkEngine(settings={"spark.driver.memory": "4g"}),
}


def mine(
    transactions: Transactions | SparkTransactions,
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
        What mines. The result does not depend on it, the time does.
    budget : Budget, optional
        How much this may take. Half of the memory that is available, unless given.

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
    >>> transactions = Transactions.from_lists([["bread", "milk"], ["bread", "milk", "eggs"], ["eggs"]])
    >>> mine(transactions, min_support=0.5).supports.round(2).tolist()
    [0.67, 0.67, 0.67, 0.67]
    """
    min_support = require_fraction("min_support", min_support)
    if max_len is not None:
        max_len = require_integer("max_len", max_len, minimum=1)
    if not isinstance(transactions, Transactions | SparkTransactions):
        cure = "Make one with Transactions.from_lists or Transactions.from_frame."
        raise ParameterError("transactions", "a Transactions", type(transactions), cure)
    require_budget(budget)
    if not hasattr(engine, "mine"):
        engine = ENGINES[require_choice("engine", engine, ENGINES)]
    if isinstance(transactions, SparkTransactions):
        if not isinstance(engine, SparkEngine):
            raise ParameterError("engine", "spark for transactions in Spark", type(engine).__name__)
        return engine.mine(transactions, min_support, max_len, budget)
    return engine.mine(transactions, min_support, max_len, budget)
