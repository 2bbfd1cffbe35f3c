from recsys.data import CategoryIndex

INDEX = CategoryIndex.of([("Food", "Tea"), ("Food", "Coffee"), (), ("Non-food", ""), ("Tea", "Tea")])


def test_items_of_each_category():
    assert {name: items.tolist() for name, items in INDEX.members.items()} == {
        "Coffee": [1],
        "Food": [0, 1],
        "Non-food": [3],
        "Tea": [0, 4],
    }
    assert INDEX.of_items[3:] == [("Non-food",), ("Tea",)]
    assert INDEX.mask(["Tea", "Coffee"]).tolist() == [True, True, False, False, True]
    assert INDEX.mask([]).tolist() == [False] * 5


def test_names_are_found_in_any_case_unless_that_is_unclear():
    assert (INDEX.named("Tea"), INDEX.named("tea"), INDEX.named("Te")) == ("Tea", "Tea", None)
    two = CategoryIndex.of([("tea", "Tea")])
    assert (two.named("tea"), two.named("TEA")) == ("tea", None)


def test_similar_names():
    assert INDEX.similar("cofee") == ["Coffee"]
    assert INDEX.similar("zzz") == ["Coffee", "Food", "Non-food", "Tea"]
