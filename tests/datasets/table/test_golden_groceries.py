"""Groceries: the counts that arules publishes. Needs RECSYS_DATA_DIR with groceries/groceries.csv.gz."""

import os
from pathlib import Path

import pytest

from recsys.mining import BitsetEngine, ItemsetCache
from recsys.preprocessing import Preprocessing, encode
from recsys.rules import Apriori
from tests.datasets.table.test_known import load

FILE = Path(os.environ.get("RECSYS_DATA_DIR", "/nowhere")) / "groceries" / "groceries.csv.gz"
pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason="RECSYS_DATA_DIR has no groceries/groceries.csv.gz"
)


@pytest.fixture(scope="module")
def transactions():
    found = load("groceries")
    assert (found.n_users, found.n_items, len(found)) == (9835, 169, 43367)
    return encode(Preprocessing(likes="all").filter(found))


@pytest.mark.parametrize(
    ("settings", "n_itemsets", "n_rules"),
    [
        ({"min_support": 0.001, "min_threshold": 0.8}, 13492, 410),
        ({"min_support": 0.006, "min_threshold": 0.25}, None, 463),
        ({"min_support": 0.01, "min_threshold": 0.25}, 333, None),
    ],
)
def test_itemsets_and_rules(transactions, settings, n_itemsets, n_rules):
    apriori = Apriori(metric="confidence", max_len=None, max_consequent_len=1, **settings)
    itemsets, _ = apriori.find_itemsets(transactions, BitsetEngine(), ItemsetCache(enabled=False))
    assert n_itemsets in (None, len(itemsets))
    assert n_rules in (None, len(apriori.generate_rules(itemsets)))
