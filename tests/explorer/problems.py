"""Tables of a few rules."""

import numpy as np

from recsys import Transactions, generate_rules, mine
from recsys.data import ItemCatalog
from recsys.explorer import RuleTable, Side

TITLES = ("Café Noir", "=1+1", "Beer & <Nappies>", "", "Straße; -2", '"Matrix", The (1999)')


def shop():
    """Return rules over six items, up to four in a rule, with confidences of 1: infinite convictions."""
    random = np.random.default_rng(3)
    baskets = [[f"i{item}" for item in np.flatnonzero(random.random(6) < 0.6)] for _ in range(20)]
    rules = generate_rules(mine(Transactions.from_lists(baskets), min_support=0.2), min_threshold=0.0)
    ids = [f"i{item}" for item in range(len(TITLES))]
    return RuleTable.of(rules, ItemCatalog(np.array(ids), TITLES, ((),) * len(TITLES)))


def between_orders():
    """Return rules from an item to an item, or to itself, with a confidence that is not known."""
    starts = np.arange(5)
    antecedents, consequents = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1])
    measures = {
        "support": np.array([0.4, 0.2, 0.2, 0.1]),
        "confidence": np.array([0.5, np.nan, 0.25, 0.5]),
        "lift": np.array([2.0, np.nan, np.inf, 1.0]),
    }
    catalog = ItemCatalog(np.array([7, 8]), ("Milk", "Milk"), ((), ()))
    sides = Side(starts, antecedents), Side(starts, consequents)
    return RuleTable(*sides, catalog, np.array([7, 8, 9]), np.array([4, 2, 2, 1]), measures)
