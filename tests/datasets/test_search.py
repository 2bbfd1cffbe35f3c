"""Titles as people write them."""

import numpy as np
import pytest

from recsys.datasets.items import ItemCatalog
from recsys.datasets.search import TitleError, TitleSearch

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


def test_a_year_that_the_catalogue_does_not_know():
    search = TitleSearch(ItemCatalog(np.arange(2), ("Toy Story", "Heat"), ((), ())))
    assert search.find("Toy Story (1995)") == 0


def test_several(search):
    with pytest.raises(
        TitleError, match=r"^'sabrina' may be one of 2: 'Sabrina \(1954\)'; 'Sabrina \(1995\)'\."
    ):
        search.find("sabrina")
    with pytest.raises(TitleError, match="'star wars' may be one of 2"):
        search.find("star wars")


@pytest.mark.parametrize("written", ["Solaris", "", "  ", "???", "Heat (2013)"])
def test_none(search, written):
    with pytest.raises(TitleError, match="No item is called"):
        search.find(written)
