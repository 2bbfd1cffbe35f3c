"""The words of a dataset for its items."""

import numpy as np
import pytest

from recsys.data import Interactions, ItemCatalog, Nouns
from recsys.data.nouns import read_words
from recsys.errors import ParameterError


def test_words_are_completed_by_what_the_data_is():
    assert Nouns.of((), has_orders=False) == Nouns("item", "items", "category", "categories", "liked")
    words = read_words("nouns", {"item": "tea", "items": " teas ", "verb": None})
    assert Nouns.of(words, has_orders=True) == Nouns("tea", "teas", verb="bought")
    assert read_words("nouns", words) == words
    assert read_words("nouns", None) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("film", r"nouns must be a mapping with the keys item, items, category, categories, verb, or null"),
        ({"plural": "films"}, r"nouns\.plural must be left out \(the keys are item, items"),
        ({"item": ""}, r"nouns\.item must be a word, or null"),
        ({"items": 3}, r"nouns\.items must be a word, or null"),
        ({"verb": "a\nb"}, r"nouns\.verb must be a word, or null"),
        ({"item": "x" * 41}, r"nouns\.item must be at most 40 characters"),
    ],
)
def test_other_words_are_refused(given, message):
    with pytest.raises(ParameterError, match=message):
        read_words("nouns", given)


def test_interactions_keep_their_titles_with_other_words():
    catalog = ItemCatalog(np.array([1]), ("Tea",), (("Drinks",),), ("aisle",))
    named = Interactions([1], [1], items=catalog).with_nouns(Nouns("tea", "teas"))
    assert named.items.nouns == Nouns("tea", "teas")
    assert (named.titles([1]), named.items.levels) == (["Tea"], ("aisle",))
    assert Interactions([1], [1]).with_nouns(Nouns("tea", "teas")).items.nouns.item == "tea"
