"""MovieLens: a folder in GroupLens' layout, bundled, on disk, or downloaded."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from recsys.data.interactions import Interactions
from recsys.data.nouns import Words
from recsys.datasets.dataset import FileDataset
from recsys.datasets.download import EDITIONS, install
from recsys.datasets.duplicates import resolve_duplicates
from recsys.datasets.files import reading
from recsys.datasets.layouts import LAYOUTS, Layout, find_layout
from recsys.errors import DataNotFoundError, DownloadError, ParameterError
from recsys.parameters import require_text

# Editions that come with the package, in the layout of all others.
BUNDLED = Path(__file__).parent / "data"

# Words for its items; see `Nouns`.
FILMS = (("item", "film"), ("items", "films"), ("category", "genre"), ("categories", "genres"))

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class MovieLens(FileDataset):
    """An edition of MovieLens, or any folder in one of its layouts.

    Parameters
    ----------
    name : str
        Name of the edition, as in GroupLens' URLs: "ml-latest-small", "ml-1m", ... By default that of October
        2016, which is bundled.
    path : str, optional
        The folder. By default the first that exists of `$RECSYS_DATA_DIR/<name>`, the bundled data, and the
        cache folder (on Linux `~/.cache/recsys/<name>`), into which the edition is downloaded otherwise.
    """

    name: str = "ml-latest-small-2016"
    path: str | None = None
    nouns: Mapping[str, str | None] | Words | None = field(default=FILMS, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            known = ", ".join(EDITIONS)
            raise ParameterError("name", "the plain name of a folder", self.name, f"Known are {known}.")
        require_text("path", self.path, "a folder, or null to search the usual places")
        super().__post_init__()

    def _files(self) -> dict[str, list[Path]]:
        folder, layout = self.locate()
        return {file: [folder / file] for file in layout.files}

    def _read(self) -> Interactions:
        folder, layout = self.locate()
        ratings = layout.read(folder, self.name)
        return resolve_duplicates(ratings, self.duplicates, folder / layout.files[0])

    def locate(self) -> tuple[Path, Layout]:
        """Return the folder and its layout; download the edition if it does not exist."""
        if self.path is not None:
            folder = Path(self.path).expanduser()
            return folder, _require_layout(folder, "dataset.path")
        tried = ["$RECSYS_DATA_DIR is not set"]
        if data_dir := os.environ.get("RECSYS_DATA_DIR"):
            folder = Path(data_dir).expanduser() / self.name
            with reading(folder):
                there = folder.exists()
            if there:
                return folder, _require_layout(folder, "RECSYS_DATA_DIR")
            tried = [f"{folder} ($RECSYS_DATA_DIR) is not there"]
        cache = user_cache_path("recsys", appauthor=False) / self.name
        for folder in (BUNDLED / self.name, cache):
            if layout := find_layout(folder):
                return folder, layout
        tried.append(f"{cache} holds no data")
        return cache, self._download(cache, tried)

    def _download(self, cache: Path, tried: list[str]) -> Layout:
        """Install the edition in the cache; if that fails, the error names all that was tried."""
        edition = EDITIONS.get(self.name)
        if edition is None:
            raise DataNotFoundError(
                f"No data for {self.name!r}: {'; '.join(tried)}; GroupLens offers {', '.join(EDITIONS)}. "
                "Set dataset.path to your own folder, or dataset.name to one of these."
            )
        try:
            install(self.name, edition, cache)
        except DownloadError as error:
            raise DownloadError(
                f"No data for {self.name!r}: {'; '.join(tried)}; {error} Where the network is closed, fetch "
                f"the archive elsewhere and put its {' and '.join(edition.files)} into {cache}, into "
                f"$RECSYS_DATA_DIR/{self.name}, or into a folder that dataset.path names; "
                "dataset=ml_latest_small_2016 is bundled and needs no network."
            ) from error
        return _require_layout(cache, "the cache")


def _require_layout(folder: Path, source: str) -> Layout:
    """Return the layout of a folder; raise DataNotFoundError if it is not complete."""
    if layout := find_layout(folder):
        return layout
    if not folder.is_dir():
        trouble = "is a file (dataset=csv reads single files)" if folder.exists() else "is not there"
    else:
        trouble = f"holds {_contents(folder)}"
    wanted = ", or ".join(" and ".join(layout.files) for layout in LAYOUTS)
    raise DataNotFoundError(f"{folder}, from {source}, {trouble}. It must be a folder that holds {wanted}.")


def _contents(folder: Path) -> str:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        return f"files that cannot be listed ({error.strerror})"
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more if names else "nothing"
