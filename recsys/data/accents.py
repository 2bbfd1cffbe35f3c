"""Text without accents, as names and titles are compared."""

import unicodedata


def without_accents(text: str) -> str:
    """Return a text without accents: "Cité" becomes "Cite"; letters such as ligatures are taken apart."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
