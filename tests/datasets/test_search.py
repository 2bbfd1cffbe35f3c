"""Titles as people write them."""

import re

import numpy as np
import pytest
from rapidfuzz.distance import Indel

from recsys.data import ItemCatalog
from recsys.data.titles import display_title
from recsys.datasets.movielens import MovieLens
from recsys.datasets.search import MAX_CANDIDATES, MIN_SIMILARITY, TitleError, TitleSearch, _keys

TITLES = (
    "Toy Story (1995)",
    "Toy Story 2 (1999)",
    "Heat (1995)",
    "Matrix, The (1999)",
    "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
    "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)",
    "Sabrina (1954)",
    "Sabrina (1995)",
    "Beauty and the Beast (1991)",
    "M (1931)",
    "Shawshank Redemption, The (1994)",
    "Star Wars: Episode IV - A New Hope (1977)",
    "Star Wars: Episode V - The Empire Strikes Back (1980)",
    "",
)


@pytest.fixture
def search():
    return TitleSearch(ItemCatalog(np.arange(1, len(TITLES) + 1), TITLES, ((),) * len(TITLES)))


@pytest.fixture(scope="module")
def movies():
    return TitleSearch(MovieLens("ml-latest-small-2016").load().items)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Toy Story (1995)", "Toy Story (1995)"),
        ("toy story", "Toy Story (1995)"),
        ("TOY STORY 2", "Toy Story 2 (1999)"),
        ("the matrix", "Matrix, The (1999)"),
        ("Matrix", "Matrix, The (1999)"),
        ("The Matrix (1999)", "Matrix, The (1999)"),
        ("cite des enfants perdus", TITLES[4]),
        ("The City of Lost Children", TITLES[4]),
        ("La Cité des enfants perdus", TITLES[4]),
        ("Amélie", TITLES[5]),
        ("Le fabuleux destin d'Amelie Poulain", TITLES[5]),
        ("Sabrina (1954)", "Sabrina (1954)"),
        ("beauty & the beast", "Beauty and the Beast (1991)"),
        ("m", "M (1931)"),
        ("shawshank", "Shawshank Redemption, The (1994)"),
        ("shawshenk redemption", "Shawshank Redemption, The (1994)"),
        ("empire strikes back", TITLES[12]),
    ],
)
def test_found(search, written, title):
    assert TITLES[search.find(written) - 1] == title


def test_every_bundled_title_is_found_in_both_forms(movies):
    """As the data writes it, and as the page does."""
    for row, title in list(enumerate(movies.catalog.title))[:1500]:
        said, year = display_title(title)
        for text in (title, said, said if year is None else f"{said} ({year})"):
            assert row in movies.candidates(text)


def test_a_year_that_the_catalogue_does_not_know():
    search = TitleSearch(ItemCatalog(np.arange(2), ("Toy Story", "Heat"), ((), ())))
    assert search.find("Toy Story (1995)") == 0


@pytest.mark.parametrize("title", ["!!!", "$ (1971)", "🍎"])
def test_a_title_without_letters_is_found_as_it_is_written(title):
    search = TitleSearch(ItemCatalog(np.arange(4), ("Heat (1995)", "???", title, ""), ((),) * 4))
    assert search.find(title) == 2


def test_several(search):
    with pytest.raises(
        TitleError, match=r"^'sabrina' may be one of 2: 'Sabrina \(1954\)'; 'Sabrina \(1995\)'\."
    ):
        search.find("sabrina")
    with pytest.raises(TitleError, match="'star wars' may be one of 2"):
        search.find("star wars")


def test_one_of_several_is_written_in_full():
    titles = ("Emma (1996)", "Emma (1996)", "Emma (2020)")
    search = TitleSearch(ItemCatalog(np.array([7, 8, 9]), titles, ((),) * 3))
    for written, ids in [("emma", {7, 8, 9}), ("Emma (1996)", {7, 8})]:
        with pytest.raises(TitleError, match=r"Write one of them in full\.$") as refused:
            search.find(written)
        named = re.findall(r"'(Emma [^']+)'", str(refused.value).partition(": ")[2])
        assert len(named) == len(ids)
    assert {search.find(title) for title in named} == {7, 8}
    assert search.find("Emma (2020)") == 9


@pytest.mark.parametrize("written", ["Solaris", "", "  ", "???", "Heat (2013)"])
def test_none(search, written):
    with pytest.raises(TitleError, match="No item is called"):
        search.find(written)


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("toy st", TITLES[:2]),
        ("st", (*TITLES[:2], *TITLES[11:13])),
        ("the mat", TITLES[3:4]),
        ("star wars emp", TITLES[12:13]),
        ("sabrina (1995)", TITLES[7:8]),
        ("beaty beast", ()),
        ("shawshenk redemption", TITLES[10:11]),
        ("zz", ()),
        (" ?", ()),
    ],
)
def test_beginning(search, typed, titles):
    assert [TITLES[row] for row in search.beginning(typed)] == list(titles)


@pytest.mark.parametrize("written", ["terminater", "toy sto", "lord of the rngs", "godfather part", "zzzqq"])
def test_the_index_gives_what_a_look_at_every_title_gives(movies, written):
    names = [(row, _keys(title)) for row, title in enumerate(movies.catalog.title)]
    words = set(written.split())
    rows = [row for row, keys in names if any(words <= set(key.split()) for key in keys)]
    if not rows:
        close = [
            (Indel.normalized_similarity(written, key), key)
            for key in {key for _, keys in names for key in keys}
        ]
        close = [
            key
            for value, key in sorted(close, reverse=True)[:MAX_CANDIDATES]
            if value >= MIN_SIMILARITY / 100
        ]
        rows = [row for row, keys in names if set(keys) & set(close)]
    assert sorted(movies.candidates(written)) == rows


def test_a_long_text_is_searched_like_any_other(search):
    assert search.candidates("toy " * 10_000) == search.candidates("toy")
    assert search.candidates("x" * 10_000) == []


def test_the_id_of_an_item_that_no_title_is_like():
    search = TitleSearch(ItemCatalog(np.array(["22423", "85123A"]), ("Cakestand", "Lantern 22423"), ((), ())))
    assert search.find("85123A") == "85123A"
    assert search.find("22423") == "85123A"  # a title comes first
    with pytest.raises(TitleError, match="No item is called '9'"):
        search.find("9")
