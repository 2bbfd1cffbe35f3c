"""The data model: interactions, transactions and histories."""

from recsys.data.categories import CategoryIndex
from recsys.data.hierarchy import Hierarchy
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions, InteractionSet
from recsys.data.items import ItemCatalog
from recsys.data.nouns import Nouns
from recsys.data.positives import Positives
from recsys.data.transactions import Transactions, TransactionSet

__all__ = [
    "CategoryIndex",
    "Hierarchy",
    "Histories",
    "InteractionSet",
    "Interactions",
    "ItemCatalog",
    "Nouns",
    "Positives",
    "TransactionSet",
    "Transactions",
]
