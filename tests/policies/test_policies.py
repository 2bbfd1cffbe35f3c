"""Policies from their file to lists."""

import re

import numpy as np
import pytest

from recsys.data import ItemCatalog
from recsys.errors import DataFormatError, DataNotFoundError
from recsys.policies import Entry, Pin, Policies
from recsys.recommenders import PopularityRecommender
from tests.recommenders.problems import histories

TITLES = ("Torch", "Batteries", "Cigars", "Wine", "Tea", "Green tea", "Soap", "007")
CATEGORIES = (("Tools",), ("Tools",), ("Tobacco",), ("Drinks",), ("Drinks",), ("Drinks",), (), ())
CATALOG = ItemCatalog(np.arange(8) * 10, TITLES, CATEGORIES)
ITEMS = np.arange(7) * 10  # the model does not know 007

EVERY_KEY = """
out_of_stock: [Wine]  # until Monday
never_with:
  - if: [{category: tobacco}]
    never: [soap, {id: 10}]
always_with:
  - if: [Torch, Wine]
    recommend: [Batteries]
    reason: Batteries are not included.
  - if: [cigars]
    recommend: [{title: Green Tea}, Torch]
pinned:
  - Tea
  - {recommend: [Soap], reason: New.}
"""


def bound(text, catalog=CATALOG, items=ITEMS):
    return Policies.parse(text.encode()).bind(catalog, items)


def test_what_applies_to_a_history():
    policies = bound(EVERY_KEY)
    pinned = [Pin(4, "Pinned to the top of every list."), Pin(6, "New.")]
    assert policies.in_stock.tolist() == [True, True, True, False, True, True, True]
    assert policies.apply([]) == policies.apply([40, 99]) == ([], pinned)
    assert policies.apply([30, 0]) == ([], [Pin(1, "Batteries are not included.", (30, 0)), *pinned])
    tea = [Pin(5, None, (20,)), Pin(0, None, (20,))]
    assert policies.apply([20]) == ([6, 1], [*tea, *pinned])


def test_lists_follow_them():
    policies = bound(EVERY_KEY)
    # Torch is the most popular item, then batteries, and so on.
    model = PopularityRecommender().fit(histories([range(n + 1) for n in range(7)][::-1], 7))
    likes = histories([[0], [2], []], 7)
    lists, pins = policies.recommend(model, likes, 4, likes)
    assert lists.item_indices.tolist() == [[1, 4, 6, 2], [5, 0, 4, -1], [4, 6, 0, 1]]
    assert [[pin.item for pin in row] for row in pins] == [[1, 4, 6], [5, 0, 4, 6], [4, 6]]
    nothing_left_out = histories([[], [], []], 7)
    lists, _ = policies.recommend(model, likes, 2, nothing_left_out, [[], [70], [30]])
    assert lists.item_indices.tolist() == [[4, 6], [4, 6], [1, 4]]


def test_an_empty_file_changes_nothing():
    for text in ("", "# nothing yet\n", "out_of_stock:\npinned: []\n"):
        policies = bound(text)
        assert policies.in_stock is None
        assert policies.apply([0, 10]) == ([], [])


def test_a_history_may_hold_what_the_model_does_not_know():
    policies = bound("never_with: [{if: [007], never: [Tea]}]\nalways_with: [{if: [70], recommend: [Soap]}]")
    assert policies.apply([70]) == ([4], [Pin(6, None, (70,))])


def test_what_the_model_does_not_know_cannot_be_recommended_and_is_told():
    policies = bound("out_of_stock: [007]\npinned: [Tea, 007]")
    assert policies.in_stock is None
    assert policies.not_in_model == ("pinned[1]: '007'",)
    assert [pin.item for pin in policies.pinned] == [4]


def test_ids_are_read_as_they_are_written():
    # YAML would read them as 7, false, a date and a number of seconds.
    ids = np.array(["007", "12:30", "2020-01-01", "no"])
    catalog = ItemCatalog(ids, ("",) * 4, ((),) * 4)
    named = bound("out_of_stock: [007, no, 2020-01-01, 12:30]", catalog, ids)
    assert not named.in_stock.any()
    with pytest.raises(DataFormatError, match="no item has the id or title '7'"):
        bound("out_of_stock: [7]", catalog, ids)


def test_ids_of_a_catalog_may_be_text_where_those_of_the_model_are_numbers():
    catalog = ItemCatalog(np.array(["10", "x"]), ("Ten", "Other"), (("A",), ("A",)))
    policies = bound("never_with: [{if: [{category: A}], never: [Ten]}]", catalog, np.array([10]))
    assert (policies.apply([10])[0], policies.apply(["x"])[0], policies.apply(["10"])[0]) == ([0], [0], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("out_of_stock: [Torch, xyz]", "out_of_stock[1]: no item has the id or title 'xyz'. "
         "Nothing has a similar name."),
        ("out_of_stock: [rechargeable batteries]", "'rechargeable batteries'. Similar: 'Batteries'."),
        ("out_of_stock: [Batterie]", "'Batterie'. Similar: 'Batteries'."),
        ("out_of_stock: [green]", "no item has the id or title 'green'. Similar: 'Green tea'."),
        ("pinned: [{id: Tea}]", "pinned[0]: no item has the id 'Tea'. Nothing"),
        ("never_with: [{if: [{category: tobaco}], never: [Tea]}]",
         "never_with[0].if[0]: there is no category 'tobaco'. Similar: 'Tobacco'."),
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_similar_ones(text, message):
    with pytest.raises(DataFormatError, match=re.escape(message)) as error:
        bound(text)
    assert str(error.value).startswith("policies: ")


def test_a_name_of_several_items_is_refused_until_it_says_which():
    catalog = ItemCatalog(np.array([1, 2, 3]), ("Tea", "Tea", "1"), ((),) * 3)
    for name, ids in (("Tea", "id: 1 ('Tea'); id: 2 ('Tea')"), ("1", "id: 1 ('Tea'); id: 3 ('1')")):
        with pytest.raises(DataFormatError, match=re.escape(f"'{name}' may be one of 2 items: {ids}. Write")):
            bound(f"out_of_stock: [{name}]", catalog, catalog.item_id)
    for name, place in (("{id: 1}", 0), ("{title: 1}", 2), ("{id: 2}", 1)):
        assert bound(f"out_of_stock: [{name}]", catalog, catalog.item_id).in_stock.argmin() == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"out_of_stock: [", "it is no YAML: while parsing a flow node"),
        (b"out_of_stock: [\xff]", "it must be UTF-8 (invalid start byte at byte 15)."),
        (b"[" * 500, "it is no YAML: "),
        (b"- Tea", "the file must be a mapping with the keys out_of_stock, never_with, always_with, pinned."),
        (b"out_of_stok: [Tea]", "the file has no key 'out_of_stok'. The keys are out_of_stock, never_with"),
        (b"pinned: [Tea]\npinned: [Soap]", "line 2: the key 'pinned' is there twice. Put all under one."),
        (b"? [a, b]\n: c", "line 1: a key must be text. Got ['a', 'b']."),
        (b"out_of_stock: Tea", "out_of_stock must be a list. Got 'Tea'. Write ['Tea']."),
        (b"out_of_stock: {id: 3}", "out_of_stock must be a list. Got {'id': '3'}."),
        (b"out_of_stock: ['']", "out_of_stock[0] must be text. Got ''."),
        (b"out_of_stock: [Alien: Resurrection]", "out_of_stock[0] must be an item, or one of id: ..., "
         "title: ..., category: .... Got {'Alien': 'Resurrection'}. Quote a title with a colon."),
        (b"out_of_stock: [[Tea]]", "out_of_stock[0] must be an item, or one of id: ..., title"),
        (b"out_of_stock: [{id: }]", "out_of_stock[0].id must be text. Got ''."),
        (b"never_with: [Tea]", "never_with[0] must be a mapping with the keys if, never. Got 'Tea'."),
        (b"never_with: [{if: [Tea], nver: [Tea]}]",
         "never_with[0] has no key 'nver'. The keys are if, never."),
        (b"never_with: [{if: [Tea]}]", "never_with[0] must have a list of items or categories as 'never'."),
        (b"always_with: [{if: [], recommend: [Tea]}]", "always_with[0] must have a list of items or"),
        (b"always_with: [{if: [Tea], recommend: [Soap], reason: }]", "always_with[0].reason must be text."),
        (b"always_with: [{if: [Tea], recommend: [{category: Tools}]}]",
         "always_with[0].recommend[0] must be an item, not a category. Name its items."),
        (b"pinned: [{recommend: [Tea], why: x}]",
         "pinned[0] has no key 'why'. The keys are recommend, reason."),
    ],
)  # fmt: skip
def test_what_is_no_file_of_policies(text, message):
    with pytest.raises(DataFormatError, match=re.escape(f"shop.yaml: {message}")):
        Policies.parse(text, "shop.yaml")


def test_aliases_do_not_make_a_message_long():
    nines = [f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    nested = "\n".join(["pinned:", "- &a0 [Tea]", *nines, "out_of_stock: [*a29]"])
    rules = ((nested, r"\[0\] must be an item, or one of"), ("pinned: &a [[*a]]", "recursive node"))
    for text, rule in rules:
        with pytest.raises(DataFormatError, match=rule) as error:
            Policies.parse(text.encode())
        assert len(str(error.value)) < 1000


def test_files(tmp_path):
    file = tmp_path / "policies.yaml"
    with pytest.raises(DataNotFoundError, match="There is no file of policies"):
        Policies.read(file)
    with pytest.raises(DataFormatError, match="cannot be read: Is a directory"):
        Policies.read(tmp_path)
    file.write_text("out_of_stock: [Tea]")
    one = Policies.read(file)
    assert one.out_of_stock == (Entry("out_of_stock[0]", "Tea"),)
    file.write_text("out_of_stock: [Soap]")
    assert Policies.read(file).digest != one.digest == one.bind(CATALOG, ITEMS).digest
    file.write_text("out_of_stock: [Sop]")
    with pytest.raises(DataFormatError, match=re.escape(f"{file}: out_of_stock[0]: no item has the id or")):
        Policies.read(file).bind(CATALOG, ITEMS)
