"""Mining: transactions in, frequent itemsets out."""

from recsys.mining.bitset import BitsetEngine
from recsys.mining.budget import Budget
from recsys.mining.cache import ItemsetCache
from recsys.mining.engine import ENGINES, Engine, make_engine, mine
from recsys.mining.filtering import KINDS, filter_itemsets, select
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.mlxtend import MlxtendEngine
from recsys.mining.support import min_count

__all__ = [
    "ENGINES",
    "KINDS",
    "BitsetEngine",
    "Budget",
    "Engine",
    "FrequentItemsets",
    "ItemsetCache",
    "MlxtendEngine",
    "filter_itemsets",
    "make_engine",
    "min_count",
    "mine",
    "select",
]
