"""Exploring rules: filtered, sorted and paged, as points of a scatter plot, and exported."""

from recsys.explorer.query import Query
from recsys.explorer.table import RuleTable, Side

__all__ = ["Query", "RuleTable", "Side"]
