"""docs/how-to/policies.yaml, the example, and docs/how-to/policies.md, which describes it."""

import re

import pytest

from recsys.datasets.movielens import MovieLens
from recsys.policies import Policies
from recsys.policies.parsing import KEYS, RULES
from tests.conftest import ROOT

EXAMPLE, PAGE = ROOT / "docs/how-to/policies.yaml", ROOT / "docs/how-to/policies.md"


@pytest.fixture(scope="module")
def films():
    return MovieLens("ml-latest-small-2016").load()


def test_the_example_names_films_of_the_bundled_ratings(films):
    policies = Policies.read(EXAMPLE).bind(films.items, films.items.item_id)
    titles = dict(enumerate(films.items.title))
    assert not policies.not_in_model
    never, pins = policies.apply([6, 7])
    assert not never
    assert [(titles[pin.item], pin.antecedents) for pin in pins] == [
        ("Godfather, The (1972)", (6,)),
        ("Fargo (1996)", ()),
        ("Spirited Away (Sen to Chihiro no kamikakushi) (2001)", ()),
    ]
    never, _ = policies.apply([1])  # Toy Story
    assert "Pulp Fiction (1994)" in {titles[item] for item in never}
    left_out = {titles[item] for item in range(len(titles)) if not policies.in_stock[item]}
    assert {"Pulp Fiction (1994)", "Schindler's List (1993)", "Psycho (1960)"} <= left_out


def test_the_page_describes_every_key():
    page = PAGE.read_text("utf-8")
    table = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert tuple(table) == KEYS
    for key, parts in RULES.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
        assert all(f"{part}: [...]" in line or f"{part}: ..." in line for part in parts)
    assert all(
        f"{key}:" in EXAMPLE.read_text("utf-8") for key in (*KEYS, "if", "never", "recommend", "reason")
    )
