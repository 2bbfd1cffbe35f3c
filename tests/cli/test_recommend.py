"""The text of recommendations; `tests/integration/test_ranking.py` has them from real models."""

from recsys.cli.recommend import _text
from recsys.data import Nouns

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
    one = {"title": "Tea", "source": "rule", "reasons": [again, RULE | {"antecedents": ["Cake"], "times": 1}]}
    answer = {"user": "7", "likes": [*"abcdefg"], "latest": [*"bcdefg"], "recommendations": [one]}
    assert lines(answer) == [
        "User 7 bought 7 products; the latest: b; c; d; e; f and 1 more.",
        "",
        "  1. Tea",
        "      90% because you bought it 3 times (40 bought it again, confidence 0.50)",
        "      90% because you bought Cake (40 bought both, confidence 0.50, lift 2.00)",
    ]
    nobody = {"user": "8", "likes": ["a"], "latest": [], "recommendations": []}
    assert lines(nobody)[0] == "User 8 bought 1 product; the latest: none."
