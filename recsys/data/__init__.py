"""The data model: interactions, transactions and histories."""

from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.transactions import Transactions, TransactionSet

__all__ = ["Histories", "Interactions", "TransactionSet", "Transactions"]
