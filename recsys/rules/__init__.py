"""Rules: frequent itemsets in, association rules with their measures out."""

from recsys.rules.apriori import Apriori
from recsys.rules.generate import generate_rules
from recsys.rules.measures import METRICS, MLXTEND_MEASURES, SMALLER_IS_BETTER
from recsys.rules.options import RuleOptions
from recsys.rules.rules import Rules
from recsys.rules.significance import CORRECTIONS, adjust_p_values

__all__ = [
    "CORRECTIONS",
    "METRICS",
    "MLXTEND_MEASURES",
    "SMALLER_IS_BETTER",
    "Apriori",
    "RuleOptions",
    "Rules",
    "adjust_p_values",
    "generate_rules",
]
