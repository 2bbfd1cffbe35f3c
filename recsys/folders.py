"""Folders outside the project that recsys writes to."""

from pathlib import Path


def cache_folder() -> Path:
    """Return the user's cache folder, for downloads and mined itemsets; `~/.cache/recsys` on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("recsys", appauthor=False)
