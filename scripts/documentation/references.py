"""Extension of griffe: numpydoc's references, which are reStructuredText, as Markdown."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

MENTION = re.compile(r"\s\[(\d+)\]_")
REFERENCE = re.compile(r"^( *)\.\. \[(\d+)\] ", re.MULTILINE)


class References(Extension):
    """Turns `[1]_` into a superscript and `.. [1] Who (year).` into an entry of a list."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of an object that was read."""
        if obj.docstring:
            text = MENTION.sub(r"<sup>\1</sup>", obj.docstring.value)
            obj.docstring.value = REFERENCE.sub(r"\1\2. ", text)
