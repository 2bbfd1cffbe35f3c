"""Items that a configuration names."""

import re
import shlex

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from recsys.data import Interactions, ItemCatalog
from recsys.errors import NoTransactionsError, ParameterError
from recsys.preprocessing import Preprocessing
from tests.integration.cures import tries

CATALOG = ItemCatalog(
    np.array([1, 2, 3, 4, 5, 9]),
    ("Heat", "Heat", "Toy Story (1995)", "7", "", "never rated"),
    ((),) * 6,
)
RATED = Interactions(
    np.array([1, 1, 1, 1, 2, 2, 2]), np.array([1, 2, 3, 7, 3, 4, 5]), items=CATALOG, name="films"
)
BASKETS = Interactions(np.array([1, 1, 2, 2]), np.array(["tea", "shopping bags", "shopping bags", "cake"]))


def excluded(names, interactions=RATED):
    return Preprocessing(likes="all", exclude_items=names).excluded(interactions).tolist()


def test_items_are_named_by_id_or_by_title():
    assert excluded([1, 5]) == [1, 5]
    assert excluded(["1", "Toy Story (1995)"]) == [1, 3]
    assert excluded(["Heat [2]", "Toy Story (1995) [3]"]) == [2, 3]
    assert excluded(["shopping bags"], BASKETS) == ["shopping bags"]
    assert excluded(["never rated"]) == []
    assert excluded(None) == excluded([]) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Heat",
            r"Got 'Heat'\. It may be one of 2: 'Heat \[1\]'; 'Heat \[2\]'\. Write one of them in full\.$",
        ),
        (7, r"Got 7\. It may be one of 2: '7 \[4\]'; '7 \[7\]'\. Write one of them in full\.$"),
        ("toy", r"""Set 'preprocessing\.exclude_items=\[1, "Toy Story \(1995\)"\]'\.$"""),
        ("Toy Storry", r"""Set 'preprocessing\.exclude_items=\[1, "Toy Story \(1995\)"\]'\.$"""),
        ("Casablanca", r"Set 'preprocessing\.exclude_items=\[1\]'\.$"),
    ],
)
def test_a_name_of_no_item_or_of_several_is_refused(name, message):
    with pytest.raises(
        ParameterError, match=rf"^preprocessing\.exclude_items must be ids or titles .*{message}"
    ):
        excluded([1, name])


def test_each_of_the_names_that_are_advised_is_one_item():
    assert [excluded([name]) for name in ("Heat [1]", "7 [7]", "7 [4]")] == [[1], [7], [4]]


@tries("recsys/preprocessing/exclusion.py", "typed_override(KEY, cure)")
@pytest.mark.parametrize("name", ["shoping bags", "nothing alike"])
def test_the_list_that_is_advised_is_read(name):
    with pytest.raises(ParameterError) as refused:
        excluded(["tea", name], BASKETS)
    (word,) = shlex.split(re.findall(r"Set (.*)\.$", str(refused.value))[0])
    advised = OverridesParser.create().parse_override(word).value()
    assert "tea" in excluded([str(one) for one in advised], BASKETS)


@pytest.mark.parametrize("value", ["tea", 7, [True], [["tea"]], [None], {"a": 1}.items()])
def test_names_are_a_list_of_ids_and_titles(value):
    with pytest.raises(ParameterError, match="exclude_items must be a list of ids or titles of items, or"):
        Preprocessing(exclude_items=value)


@tries("recsys/preprocessing/exclusion.py", "typed_override(KEY, [value])")
def test_a_text_is_advised_as_a_list_of_one():
    with pytest.raises(ParameterError) as refused:
        Preprocessing(exclude_items="shopping bags")
    (word,) = shlex.split(re.findall(r"Set (.*)\.$", str(refused.value))[0])
    advised = OverridesParser.create().parse_override(word).value()
    assert excluded([str(one) for one in advised], BASKETS) == ["shopping bags"]


def test_excluded_items_are_no_training_data():
    kept = Preprocessing(likes="all", exclude_items=["shopping bags", "shopping bags"]).filter(BASKETS)
    assert kept.item_id.tolist() == ["tea", "cake"]


@tries("recsys/preprocessing/filtering.py", "Set {EXCLUDE_ITEMS}=[]")
def test_nothing_left_says_so():
    rules = Preprocessing(likes="all", exclude_items=["tea", "cake", "shopping bags"], min_item_orders=2)
    with pytest.raises(NoTransactionsError, match=r"g\.exclude_items drops the last of 4 .*=\[\]\.$"):
        rules.filter(BASKETS)
    assert len(Preprocessing(likes="all", exclude_items=[], min_item_orders=2).filter(BASKETS)) == 2


def test_preprocessings_with_equal_lists_are_equal():
    lists = (["tea"], ("tea",), ["tea", "tea"])
    assert len({Preprocessing(exclude_items=names) for names in lists}) == 1
