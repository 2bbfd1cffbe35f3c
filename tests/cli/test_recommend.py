"""The text of recommendations; `tests/integration/test_ranking.py` has them from real models."""

from recsys.cli.recommend import _text

RULE = {"antecedents": ["Tea"], "support_count": 40, "confidence": 0.5, "lift": 2.0, "share": 0.9}
POPULAR = {"antecedents": [], "support_count": 60, "confidence": None, "lift": None, "share": 0.1}


def test_popularity_has_a_share_where_rules_have_the_others():
    one = {"title": "Cake", "source": "rule", "reasons": [RULE, POPULAR]}
    assert _text({"likes": ["Tea"], "recommendations": [one]}).splitlines()[2:] == [
        "  1. Cake",
        "      90% because you like Tea (40 like both, confidence 0.50, lift 2.00)",
        "      10% because it is popular (liked by 60)",
    ]


def test_popularity_alone_has_no_share():
    one = {"title": "Cake", "source": "fallback", "reasons": [POPULAR | {"share": 1.0}]}
    assert _text({"likes": [], "recommendations": [one]}).splitlines()[2:] == [
        "  1. Cake (popular)",
        "     liked by 60",
    ]
