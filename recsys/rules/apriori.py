"""The parameters of the Apriori method."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from recsys.data.transactions import TransactionSet
from recsys.errors import BudgetError, ParameterError
from recsys.mining import Budget, Engine, FrequentItemsets, ItemsetCache
from recsys.parameters import require_fraction, require_integer
from recsys.rules.constraints import Items, RuleConstraints
from recsys.rules.generate import generate_rules
from recsys.rules.rules import Rules
from recsys.rules.selection import Selection


@dataclass(frozen=True)
class Apriori:
    """What is frequent and which rules are kept (Agrawal and Srikant, VLDB 1994); the config group `apriori`.

    Parameters
    ----------
    min_support : float
        Fraction of the transactions, in (0, 1], that must hold an itemset for it to be frequent.
    max_len : int or None
        Longest itemset, antecedent and consequent together; None is no limit. With 1 there are no rules.
    metric : str
        The measure that decides on a rule; one of `recsys.rules.METRICS`.
    min_threshold : float
        Smallest value of the metric that a rule is kept with; the largest for `p_value`.
    max_antecedent_len, max_consequent_len, antecedent_items, consequent_items, antecedent_contains, \
consequent_contains, drop_redundant, alpha, correction, max_rules, over_max_rules
        As for `recsys.rules.generate_rules`.
    max_itemsets, max_seconds, max_memory
        As for `recsys.mining.Budget`; mining keeps to them, and so does making rules, each for itself.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    min_support: float
    max_len: int | None = None
    metric: str = "lift"
    min_threshold: float = 0.0
    max_antecedent_len: int | None = None
    max_consequent_len: int | None = None
    antecedent_items: Items = None
    consequent_items: Items = None
    antecedent_contains: Items = None
    consequent_contains: Items = None
    drop_redundant: bool = False
    alpha: float | None = None
    correction: str = "holm"
    max_rules: int | None = None
    over_max_rules: str = "error"
    max_itemsets: int | None = None
    max_seconds: float | None = None
    max_memory: int | str | None = "50%"

    def __post_init__(self) -> None:
        require_fraction("min_support", self.min_support)
        if self.max_len is not None:
            require_integer("max_len", self.max_len, minimum=1)
        Selection(**self._options(Selection))
        Budget(**self._options(Budget))
        constraints = RuleConstraints(**self._options(RuleConstraints))
        for name, value in vars(constraints).items():  # lists of items become tuples: a key of caches
            object.__setattr__(self, name, value)

    def mine(
        self,
        transactions: TransactionSet,
        engine: Engine,
        cache: ItemsetCache | None = None,
    ) -> tuple[FrequentItemsets, str]:
        """Return the frequent itemsets, and where they came from, as `recsys.mining.ItemsetCache.mine`.

        Raises
        ------
        BudgetError
            If it would take more than the budget; it names the keys of the config group.
        """
        cache, budget = cache or ItemsetCache(enabled=False), Budget(**self._options(Budget))
        try:
            return cache.mine(transactions, self.min_support, self.max_len, engine, budget)
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
            options = self._options(Selection) | self._options(RuleConstraints)
            return generate_rules(itemsets, **options, budget=Budget(**self._options(Budget)))
        except (ParameterError, BudgetError) as error:
            raise error.within("apriori") from error

    def _options(self, kind: type[Any]) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(kind)}
