"""Parameters of the Apriori method."""

from dataclasses import dataclass, field

from recsys.data.transactions import TransactionSet
from recsys.errors import BudgetError, ParameterError
from recsys.mining import Budget, Engine, FrequentItemsets, ItemsetCache
from recsys.parameters import require_fraction, require_integer
from recsys.rules.generate import select_rules
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules


@dataclass(frozen=True)
class Apriori(RuleOptions, Budget):
    """Parameters of frequent itemsets and rules (Agrawal and Srikant, VLDB 1994); the config group `apriori`.

    They include those of `RuleOptions` and of `Budget`, which limits mining and rule generation separately.

    Parameters
    ----------
    min_support : float
        Minimum support of an itemset, as a fraction of the transactions in (0, 1].
    max_len : int or None
        Maximum number of items, antecedent and consequent together; None: no limit.

    Raises
    ------
    ParameterError
        If a value is invalid.
    """

    min_support: float
    max_len: int | None = None
    max_memory: int | str | None = field(default="50%", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_support", require_fraction("min_support", self.min_support))
        if self.max_len is not None:
            object.__setattr__(self, "max_len", require_integer("max_len", self.max_len, minimum=1))
        RuleOptions.__post_init__(self)
        Budget.__post_init__(self)

    def find_itemsets(
        self, transactions: TransactionSet, engine: Engine, cache: ItemsetCache
    ) -> tuple[FrequentItemsets, str]:
        """Return the frequent itemsets and their source; see `recsys.mining.ItemsetCache.get_or_mine`.

        A BudgetError names the keys of the config group.
        """
        try:
            return cache.get_or_mine(transactions, self.min_support, self.max_len, engine, self)
        except BudgetError as error:
            raise error.within("apriori") from error

    def generate_rules(self, itemsets: FrequentItemsets) -> Rules:
        """Return the rules of frequent itemsets; see `recsys.rules.generate_rules`.

        An error names the keys of the config group.
        """
        try:
            return select_rules(itemsets, self, self)
        except (ParameterError, BudgetError) as error:
            raise error.within("apriori") from error
