import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from optuna_sweeper.shell import typed_override

TEXTS = [
    "plain",
    "a b",
    "a,b",
    "it's",
    'say "x"',
    "a\\",
    '\\"',
    "\\\\x",
    "k=v",
    "[1, 2]",
    "null",
    "True",
    "7",
]
TEXTS += [";", "|", ":", " ", "x=interval(0, 1)", "$HOME", "100%", "a/b.c-d_e", "{a: b}", "#", "\u00e9", ""]
TEXTS += ["/folder" * 100 + " 2"]  # with backtracking, this would take exponential time


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back(text):
    (word,) = shlex.split(typed_override("key", text))
    value = OverridesParser.create().parse_override(word).value()
    assert (str(value), type(value)) == (text, str)


@pytest.mark.parametrize("text", ["${a.b}/${hydra.job.num}", "metric-${apriori.metric}", "a b-${x}"])
def test_references_stay_references(text):
    (word,) = shlex.split(typed_override("key", text))
    assert OverridesParser.create().parse_override(word).value() == text
    assert typed_override("key", text).startswith("'key=")


@pytest.mark.parametrize(
    "value",
    [
        {"order_id": ["Member number", "Date"], "item_id": "Item(s)", "user_id": None},
        ["*", "!a,b", "${x}", "7", 'say "x"\\', "it's", "a: b", "{", "x/y.z"],
        [1, 2.5, True, None, {}],
    ],
)
def test_lists_and_mappings_come_back(value):
    (word,) = shlex.split(typed_override("key", value))
    assert OverridesParser.create().parse_override(word).value() == value
