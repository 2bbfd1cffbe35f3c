"""The parameters of the Apriori method."""

from __future__ import annotations

from dataclasses import dataclass, field

from recsys.data.transactions import TransactionSet
from recsys.errors import BudgetError, ParameterError
from recsys.mining import Budget, Engine, FrequentItemsets, ItemsetCache
from recsys.parameters import require_fraction, require_integer
from recsys.rules.constraints import RuleConstraints
from recsys.rules.generate import select_rules
from recsys.rules.rules import Rules
from recsys.rules.selection import Selection


@dataclass(frozen=True)
class Apriori(Selection, RuleConstraints, Budget):
    """Parameters of frequent itemsets and rules (Agrawal and Srikant, VLDB 1994); the config group `apriori`.

    The options of `recsys.rules.generate_rules` and of `recsys.mining.Budget` are parameters, too; mining and
    making rules each keep to the budget.

    Parameters
    ----------
    min_support : float
        Fraction of the transactions, in (0, 1], that must hold an itemset for it to be frequent.
    max_len : int or None
        Longest itemset, antecedent and consequent together; None is no limit. With 1 there are no rules.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    min_support: float
    max_len: int | None = None
    max_memory: int | str | None = field(default="50%", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_support", require_fraction("min_support", self.min_support))
        if self.max_len is not None:
            object.__setattr__(self, "max_len", require_integer("max_len", self.max_len, minimum=1))
        Selection.__post_init__(self)
        Budget.__post_init__(self)
        RuleConstraints.__post_init__(self)

    def find_itemsets(
        self, transactions: TransactionSet, engine: Engine, cache: ItemsetCache
    ) -> tuple[FrequentItemsets, str]:
        """Return the frequent itemsets and their source; see `recsys.mining.ItemsetCache.get_or_mine`.

        Raises
        ------
        BudgetError
            If it would take more than the budget; it names the keys of the config group.
        """
        try:
            return cache.get_or_mine(transactions, self.min_support, self.max_len, engine, self)
        except BudgetError as error:
            raise error.within("apriori") from error

    def generate_rules(self, itemsets: FrequentItemsets) -> Rules:
        """Return the rules of frequent itemsets; a parameter error names the key of the config group.

        Raises
        ------
        ParameterError, BudgetError, DataFormatError
            As `recsys.rules.generate_rules`.
        """
        try:
            return select_rules(itemsets, self, self, self)
        except (ParameterError, BudgetError) as error:
            raise error.within("apriori") from error
