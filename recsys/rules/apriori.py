"""Parameters of the Apriori method."""

from dataclasses import dataclass, field

from recsys.data.transactions import TransactionSet
from recsys.errors import BudgetError, ParameterError
from recsys.mining import Budget, Engine, FrequentItemsets, ItemsetCache
from recsys.parameters import require_fraction, require_integer
from recsys.rules.cache import find_rules
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules


@dataclass(frozen=True)
class Apriori(RuleOptions, Budget):
    """Parameters of frequent itemsets and rules (Agrawal and Srikant, VLDB 1994); the config group `apriori`.

    They include those of `RuleOptions` and of `Budget`, which limits mining and rule generation separately.
    The defaults are those of the configuration.

    Parameters
    ----------
    min_support : float or None
        Minimum support of an itemset, as a fraction of the transactions in (0, 1].
    min_count : int or None
        Minimum number of transactions of an itemset, at least 2. With both, the larger count is required:
        give `min_support=None` for the count alone.
    max_len : int or None
        Maximum number of items, antecedent and consequent together; None: no limit.

    Raises
    ------
    ParameterError
        If a value is invalid.
    """

    min_support: float | None = 0.05
    max_len: int | None = 2
    min_threshold: float = field(default=1.0, kw_only=True)
    min_count: int | None = field(default=None, kw_only=True)
    max_memory: int | str | None = field(default="50%", kw_only=True)

    def __post_init__(self) -> None:
        if self.min_support is not None or self.min_count is None:
            object.__setattr__(self, "min_support", require_fraction("min_support", self.min_support))
        if self.min_count is not None:
            object.__setattr__(self, "min_count", require_integer("min_count", self.min_count, minimum=2))
        if self.max_len is not None:
            object.__setattr__(self, "max_len", require_integer("max_len", self.max_len, minimum=1))
        RuleOptions.__post_init__(self)
        Budget.__post_init__(self)

    def support(self, n_transactions: int) -> float:
        """Return the minimum support that keeps the itemsets of `min_support` and of `min_count`.

        ParameterError is raised if there are fewer transactions than `min_count`.
        """
        if self.min_count is None:
            return self.min_support or 0.0
        if self.min_count > n_transactions:
            rule = f"at most the {n_transactions:,} transactions"
            cure = "Set apriori.min_count=null apriori.min_support=0.5."
            raise ParameterError("min_count", rule, self.min_count, cure)
        return max(self.min_support or 0.0, self.min_count / n_transactions)

    def find_itemsets(
        self, transactions: TransactionSet, engine: Engine, cache: ItemsetCache
    ) -> tuple[FrequentItemsets, str]:
        """Return `cache.get_or_mine`; an error names the keys of the config group."""
        try:
            min_support = self.support(transactions.n_transactions)
            return cache.get_or_mine(transactions, min_support, self.max_len, engine, self)
        except (ParameterError, BudgetError) as error:
            raise error.within("apriori") from error

    def generate_rules(self, itemsets: FrequentItemsets) -> Rules:
        """Return the rules of frequent itemsets; an error names the keys of the config group."""
        try:
            return find_rules(itemsets, self, self)
        except (ParameterError, BudgetError) as error:
            raise error.within("apriori") from error
