"""HTML of comments and help texts: code and examples as such, everything else as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# What is code in a sentence: a=b, a.b.c, a_b, --option, $NAME, a/b/, NAME_OF_VARIABLE and the words of YAML.
_CODE = re.compile(
    r"(?<![\w`'\"/.*-])("
    r"'[^']*=[^']*'"  # a quoted override
    r"|[\w./@$-]+=[^\s,;:)]*[^\s,;:.)]"
    r"|https?://[^\s)]*[^\s).,]|\w+(?:\+\w+)?://\S*[^\s).,;]"
    r"|--[a-z][\w-]*"
    r"|\$\w+(?:/[\w<>./*-]*[\w/>])?"
    r"|~?[\w<>.*-]*/[\w<>./*-]*(?:/|\.\w+)(?!\w)"
    r"|(?!e\.g|i\.e)[A-Za-z]\w*(?:\.[A-Za-z_]\w*)+(?:\.\*)?"
    r"|[A-Za-z]+_\w+"
    r"|null|true|false"
    r")(?![\w=])"
)
# a | b | c: the values of an option.
_CHOICES = re.compile(r"(?<![\w|.])\w+(?: \| \w+)+")


def inline(text: str) -> str:
    """Return a sentence as HTML, with what is code in it as code."""

    def coded(match: re.Match[str]) -> str:
        return " | ".join(f"<code>{escape(part)}</code>" for part in match.group().split(" | "))

    parts, end = [], 0
    for match in re.finditer(f"`([^`]+)`|{_CHOICES.pattern}|{_CODE.pattern}", text):
        parts.append(escape(text[end : match.start()], quote=False))
        quoted = match.group(1)
        parts.append(f"<code>{escape(quoted)}</code>" if quoted else coded(match))
        end = match.end()
    return "".join(parts) + escape(text[end:], quote=False)


def paragraphs(lines: Iterable[str]) -> str:
    """Return the lines of a comment as HTML: paragraphs, and what is indented as an example."""
    blocks: list[tuple[bool, list[str]]] = []
    for line in lines:
        is_example = line.startswith("  ")
        if blocks and blocks[-1][0] == is_example and line:
            blocks[-1][1].append(line)
        elif line:
            blocks.append((is_example, [line]))
        elif blocks and not blocks[-1][0]:
            blocks.append((False, []))
    shown = []
    for is_example, block in blocks:
        if is_example:
            # No empty lines: one would end the HTML in Markdown.
            shown.append(f"<pre><code>{escape(_dedent(block))}</code></pre>")
        elif block:
            shown.append(f"<p>{_sentences(block)}</p>")
    return "".join(shown)


def _sentences(lines: list[str]) -> str:
    """Return lines as HTML; one that explains a value begins a line: `null: no limit`."""
    parts: list[str] = []
    for line in lines:
        if parts and not re.match(r"[a-z]\w*: ", line):
            parts[-1] += f" {line}"
        else:
            parts.append(line)
    return "<br>".join(map(inline, parts))


def _dedent(lines: list[str]) -> str:
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[indent:].rstrip() for line in lines)


def entry(terms: Iterable[tuple[str, str, str]], description: str) -> str:
    """Return terms (anchor, name, default) and their description, of a `<dl>`."""
    shown = []
    for anchor, name, default in terms:
        value = f' <code class="default">{escape(default)}</code>' if default else ""
        link = f'<a class="headerlink" href="#{anchor}" title="Link to this key">¶</a>'
        shown.append(f'<dt id="{anchor}"><code>{escape(name)}</code>{value}{link}</dt>')
    return "".join(shown) + f"<dd>{description}</dd>"


def entries(listed: Iterable[str]) -> str:
    """Return a list of entries."""
    shown = "\n".join(listed)
    return f'<dl class="keys">{shown}</dl>' if shown else ""
