"""Titles as people say them."""

import re
from functools import lru_cache

_YEAR = re.compile(r"\s*\(((?:18|19|20)\d\d)(?:[-\u2013]\d{0,4})?\)\s*$")
# One title, or another one in parentheses behind it, with its article at its end.
_ARTICLE_LAST = re.compile(
    r"(?P<start>^|\()(?P<aka>a\.k\.a\. |aka )?(?P<title>[^()]+(?:\([^()]*\))?), "
    r"(?P<article>The|An?|L'|L[aeo]s?|Il|Gli|I|El|Der|Die|Das|Den|Det|De|Het|En|Ett|Eine?|Un|Une|Una|Da)"
    r"(?=\s*(?:[()]|$))"
)


@lru_cache(maxsize=2**16)
def display_title(title: str) -> tuple[str, int | None]:
    """Return a title in the order in which it is said, and its year: ("The Matrix", 1999).

    GroupLens writes "Matrix, The (1999)" and "City of Lost Children, The (Cité des enfants perdus, La)
    (1995)". Titles that do not end in a year in parentheses are not of this form and stay as they are, with
    None for the year.

    Parameters
    ----------
    title : str
        As in the catalog.
    """
    year = _YEAR.search(title)
    if year is None or not year.start():
        return title, None
    return _ARTICLE_LAST.sub(_article_first, title[: year.start()]), int(year[1])


def _article_first(found: re.Match[str]) -> str:
    article = found["article"]
    space = "" if article.endswith("'") else " "
    return f"{found['start']}{found['aka'] or ''}{article}{space}{found['title']}"
