"""Text as the explorer compares it."""

from recsys.data.accents import without_accents


def plain(text: str) -> str:
    """Return a text without case and accents."""
    return without_accents(text).casefold()
