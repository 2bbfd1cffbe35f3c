"""Mining: transactions in, frequent itemsets out."""

from recsys.mining.bitset import BitsetEngine
from recsys.mining.engine import ENGINES, Engine, mine
from recsys.mining.itemsets import FrequentItemsets
from recsys.mining.mlxtend import MlxtendEngine
from recsys.mining.support import min_count

__all__ = ["ENGINES", "BitsetEngine", "Engine", "FrequentItemsets", "MlxtendEngine", "min_count", "mine"]
