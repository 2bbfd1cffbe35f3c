"""Titles as people say them."""

import re
from collections import Counter

import pytest

from recsys.data.titles import display_title
from recsys.datasets.movielens import MovieLens


@pytest.fixture(scope="module")
def titles() -> tuple[str, ...]:
    return MovieLens("ml-latest-small-2016").load().items.title


@pytest.mark.parametrize(
    ("title", "said", "year"),
    [
        ("Matrix, The (1999)", "The Matrix", 1999),
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption", 1994),
        ("Bug's Life, A (1998)", "A Bug's Life", 1998),
        ("Toy Story (1995)", "Toy Story", 1995),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura (The Adventure)", 1960),
        (
            "Pom Poko (a.k.a. Raccoon War, The) (Heisei tanuki gassen pompoko) (1994)",
            "Pom Poko (a.k.a. The Raccoon War) (Heisei tanuki gassen pompoko)",
            1994,
        ),
        ("Human Centipede II (Full Sequence), The (2011)", "The Human Centipede II (Full Sequence)", 2011),
        ("Vitelloni, I (1953)", "I Vitelloni", 1953),
        ("Good, the Bad and the Ugly, The (1966)", "The Good, the Bad and the Ugly", 1966),
        ("Kid Vid, The (2006\u20132007)", "The Kid Vid", 2006),
        # None of these has an article at its end.
        ("I, Robot (2004)", "I, Robot", 2004),
        ("Monsters, Inc. (2001)", "Monsters, Inc.", 2001),
        ("Paris, Texas (1984)", "Paris, Texas", 1984),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        # These are not of GroupLens' form.
        ("Babylon 5", "Babylon 5", None),
        ("Wine, The", "Wine, The", None),
        ("(1984)", "(1984)", None),
        ("Screws (3000)", "Screws (3000)", None),
        ("", "", None),
    ],
)
def test_said(title: str, said: str, year: int | None) -> None:
    assert display_title(title) == (said, year)


def test_no_bundled_title_is_damaged(titles: tuple[str, ...]) -> None:
    moved = Counter()
    for title in titles:
        said, year = display_title(title)
        if year is None:
            assert said == title
            assert not re.search(r"\(\d{4}\)$", title)
            continue
        bare = re.sub(r"\s*\(\d{4}[^()]*\)\s*$", "", title)
        assert f"({year}" in title
        for sign in (r"\w+", r"[^\w\s,]"):  # the same words and signs, but for the comma of an article
            assert sorted(re.findall(sign, said)) == sorted(re.findall(sign, bare))
        if said != bare:
            moved[said.partition(" ")[0].partition("'")[0]] += 1
        assert not re.search(r", (The|An?|L'|L[aeo]s?|Il|El|Der|Die|Das)\s*(\(|\)|$)", said), title
    assert moved["The"] > 1500
    assert moved["A"] > 100
