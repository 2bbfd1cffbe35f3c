"""Rules: frequent itemsets in, association rules with their measures out."""

from recsys.rules.apriori import Apriori
from recsys.rules.generate import generate_rules
from recsys.rules.measures import METRICS
from recsys.rules.rules import Rules

__all__ = ["METRICS", "Apriori", "Rules", "generate_rules"]
