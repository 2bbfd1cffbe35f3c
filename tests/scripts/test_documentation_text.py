"""Comments as HTML: code is recognised in sentences, examples and values stand apart."""

import pytest

from scripts.documentation import text


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("null: no limit.", "<code>null</code>: no limit."),
        ("Used only if likes is min_rating.", "Used only if likes is <code>min_rating</code>."),
        ("Set dataset.path=ratings.csv, or more", "Set <code>dataset.path=ratings.csv</code>, or more"),
        ("in $RECSYS_DATA_DIR/<name>/.", "in <code>$RECSYS_DATA_DIR/&lt;name&gt;/</code>."),
        ("error | last | mean", "<code>error</code> | <code>last</code> | <code>mean</code>"),
        ("as `digest(cfg)` says", "as <code>digest(cfg)</code> says"),
        ("one, e.g. of a < b & c", "one, e.g. of a &lt; b &amp; c"),
        ("at postgresql://user@host/db, or", "at <code>postgresql://user@host/db</code>, or"),
        ("with --max-k", "with <code>--max-k</code>"),
    ],
)
def test_what_is_code_in_a_sentence_is_shown_as_code(sentence, shown):
    assert text.inline(sentence) == shown


def test_examples_and_values_stand_apart():
    lines = ["Search space;", "null: none.", "  params: {a: 1}", "    b", "", "More."]
    sentences = "<p>Search space;<br><code>null</code>: none.</p>"
    example = "<pre><code>params: {a: 1}\n  b</code></pre>"
    assert text.paragraphs(lines) == f"{sentences}{example}<p>More.</p>"


def test_a_key_has_an_anchor_and_its_value():
    shown = text.entries([text.entry([("a.b", "a.b", "<1>")], "<p>What.</p>")])
    assert shown.startswith(
        '<dl class="keys"><dt id="a.b"><code>a.b</code> <code class="default">&lt;1&gt;</code>'
    )
    assert shown.endswith("<dd><p>What.</p></dd></dl>")
    assert text.entries([]) == ""
