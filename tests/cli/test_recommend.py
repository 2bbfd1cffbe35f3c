"""The text of recommendations; `tests/integration/test_ranking.py` has them from real models."""

import json

import pytest

from recsys.cli.recommend import _text, main
from recsys.data import Nouns
from recsys.models.bundle import Bundle
from tests.models.problems import bundle_of
from tests.models.test_bundle_options import of_orders

RULE = {"antecedents": ["Tea"], "support_count": 40, "confidence": 0.5, "lift": 2.0, "share": 0.9}
POPULAR = {"antecedents": [], "support_count": 60, "confidence": None, "lift": None, "share": 0.1}
PRODUCTS = Nouns("product", "products", verb="bought")


def lines(answer, nouns=PRODUCTS):
    return _text(answer, nouns).splitlines()


def test_popularity_has_a_share_where_rules_have_the_others():
    one = {"title": "Cake", "source": "rule", "reasons": [RULE, POPULAR]}
    assert lines({"likes": ["Tea"], "recommendations": [one]}) == [
        "You bought Tea.",
        "",
        "  1. Cake",
        "      90% because you bought Tea (40 bought both, confidence 0.50, lift 2.00)",
        "      10% because it is popular (bought by 60)",
    ]


def test_popularity_alone_has_no_share():
    one = {"title": "Cake", "source": "fallback", "reasons": [POPULAR | {"share": 1.0}]}
    assert lines({"likes": [], "recommendations": [one]}, Nouns())[0] == "You liked nothing yet."
    assert lines({"likes": [], "recommendations": [one]}, Nouns())[2:] == [
        "  1. Cake (popular)",
        "     liked by 60",
    ]


def test_a_customer_and_what_was_bought_before():
    again = RULE | {"antecedents": ["Tea"], "times": 3, "lift": None}
    one = {"title": "Tea", "source": "rule", "reasons": [again, RULE | {"antecedents": ["Cake"], "times": 2}]}
    answer = {"user": "7", "likes": [*"abcdefg"], "latest": [*"bcdefg"], "recommendations": [one]}
    assert lines(answer) == [
        "User 7 bought 7 products; the latest: b; c; d; e; f and 1 more.",
        "",
        "  1. Tea",
        "      90% because you bought it 3 times (40 bought it again, confidence 0.50)",
        "      90% because you bought Cake twice (40 bought both, confidence 0.50, lift 2.00)",
    ]
    nobody = {"user": "8", "likes": ["a"], "latest": [], "recommendations": []}
    assert lines(nobody)[0] == "User 8 bought 1 product; the latest: none."


def test_a_policy_gives_its_reason():
    reason = RULE | {"support_count": None, "confidence": None, "lift": None, "text": "New in our shop."}
    one = {"title": "Cake", "source": "policy", "reasons": [reason]}
    assert lines({"likes": [], "recommendations": [one]})[2:] == [
        "  1. Cake",
        "     New in our shop.",
    ]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Folders of a bundle of films and of one of a shop."""
    folder = tmp_path_factory.mktemp("saved")
    bundle_of("rules_max").save(folder / "films")
    of_orders().save(folder / "shop")
    return folder


def ids(capsys, *arguments):
    assert main([*map(str, arguments), "--json"]) == 0
    return [one["item_id"] for one in json.loads(capsys.readouterr().out)["recommendations"]]


def test_options_limit_the_list(saved, capsys):
    films = ["--model", saved / "films", "--likes", "title 10"]
    every = ids(capsys, *films, "--k", 99)
    assert ids(capsys, *films, "--exclude", "60", "Title 70", "--k", 99) == [
        item for item in every if item not in (60, 70)
    ]
    assert ids(capsys, *films, "--only", "60", "Title 70") == [item for item in every if item in (60, 70)]
    assert 10 in ids(capsys, *films, "--exclude-seen", "false", "--k", 99)
    drama = ids(capsys, *films, "--category", "drama", "--k", 99)
    assert set(drama) == {20, 40, 50, 70, 80, 100, 110}
    assert ids(capsys, *films, "--category", "drama", "--max-per-category", 2) == drama[:2]
    assert main([*map(str, films), "--popularity-penalty", "0.8", "--json"]) == 0
    shown = [one["score"] for one in json.loads(capsys.readouterr().out)["recommendations"]]
    scores = [
        [one.score for one in Bundle.load(saved / "films").recommend([[10]], popularity_penalty=penalty)[0]]
        for penalty in (0.8, 0.0)
    ]
    assert shown == scores[0] != scores[1]


def test_orders_of_a_customer(saved, capsys):
    shop = ["--model", saved / "shop"]
    assert ids(capsys, *shop, "--order", "tea", "cake", "--order", "tea")[0] == 0
    assert 0 not in ids(capsys, *shop, "--orders", "tea", "--exclude-seen", "true")
    assert 0 not in ids(capsys, *shop, "--basket", "tea")
    assert 0 in ids(capsys, *shop, "--basket", "tea", "--exclude-seen", "false")
    assert main([*map(str, shop), "--order", "tea", "cake", "--order", "tea"]) == 0
    assert capsys.readouterr().out.startswith("You liked Tea; Cake.")
    with pytest.raises(SystemExit):
        main([*map(str, shop), "--order", "tea", "--likes", "cake"])
    assert "not allowed with argument --order" in capsys.readouterr().err


def test_policies_are_followed(saved, tmp_path, capsys):
    file = tmp_path / "policies.yaml"
    file.write_text("pinned: [{recommend: [Salt], reason: Buy salt.}]\nout_of_stock: [Tea]")
    shop = ["--model", str(saved / "shop"), "--policies", str(file)]
    assert main(shop) == 0
    assert capsys.readouterr().out.splitlines()[2:5] == [
        "  1. Salt", "     Buy salt.", "  2. Cake",
    ]  # fmt: skip
    file.write_text("pinned: [Slat]")
    assert main(shop) == 1
    error = f"{file}: pinned[0]: no item has the id or title 'Slat'. Similar: 'Salt'.\n"
    assert capsys.readouterr().err == error
    assert main([*shop[:2], "--category", "Fish"]) == 1
    assert main([*shop[:2], "--max-per-category", "0"]) == 1
    assert main([*shop[:2], "--popularity-penalty", "2"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "--category must be categories of the items of the model. Got 'Fish'. They have none.",
        "--max-per-category must be an integer of at least 1. Got 0.",
        "--popularity-penalty must be a number from -1 to 1. Got 2.0.",
    ]


def test_a_rule_to_a_category_names_it():
    one = {"title": "Cake", "source": "rule", "reasons": [RULE | {"share": 1.0, "category": "aisle: sweets"}]}
    assert lines({"likes": ["Tea"], "recommendations": [one]})[3:] == [
        "     100% because you bought Tea, which leads to aisle: sweets "
        "(40 bought both, confidence 0.50, lift 2.00)",
    ]
