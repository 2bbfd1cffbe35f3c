"""MovieLens: a folder in GroupLens' layout, bundled, on disk, or downloaded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from recsys.data.interactions import Interactions
from recsys.datasets.dataset import Dataset
from recsys.datasets.download import install
from recsys.datasets.duplicates import RULES, resolve_duplicates
from recsys.datasets.editions import EDITIONS
from recsys.datasets.feedback import check_feedback, feedback_digest, feedback_fingerprint, with_feedback
from recsys.datasets.layouts import LAYOUTS, Layout, find_layout
from recsys.datasets.tables import content_digest, fingerprint, reading
from recsys.errors import DataNotFoundError, DownloadError, ParameterError
from recsys.folders import cache_folder
from recsys.parameters import require_choice

# Editions that come with the package, in the layout of all others.
BUNDLED = Path(__file__).parent / "data"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ELSEWHERE = "dataset=ml_latest_small_2016 is bundled and needs no network"


@dataclass(frozen=True)
class MovieLens(Dataset):
    """An edition of MovieLens, or any folder in one of its layouts.

    Parameters
    ----------
    name : str
        Name of the edition, as GroupLens writes it: "ml-latest-small", "ml-1m", ...
    path : str, optional
        The folder. Without it, the first of these that is there: `$RECSYS_DATA_DIR/<name>`, the bundled
        data, the cache `~/.cache/recsys/<name>` (or under `$XDG_CACHE_HOME`), else a download into it.
    duplicates : {"error", "last", "first", "max", "mean"}
        What to do when a user has rated a movie more than once; see `resolve_duplicates`.
    feedback : str, optional
        Database of feedback, a path or a URL, that is merged into the ratings; see `with_feedback`.
    feedback_weight : int
        Users that each person of the page becomes.
    feedback_max_share : float in (0, 1]
        Most users that feedback may add to those of one item, as a share of the users of the data.

    Raises
    ------
    ParameterError
        If a parameter has a value that its rule forbids.
    """

    name: str = "ml-latest-small"
    path: str | None = None
    duplicates: str = "error"
    feedback: str | None = None
    feedback_weight: int = 1
    feedback_max_share: float = 0.05

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            known = ", ".join(EDITIONS)
            raise ParameterError("name", "the plain name of a folder", self.name, f"Known are {known}.")
        if self.path is not None and not (isinstance(self.path, str) and self.path):
            raise ParameterError("path", "a folder, or null to search the usual places", self.path)
        require_choice("duplicates", self.duplicates, RULES)
        check_feedback(self.feedback, self.feedback_weight, self.feedback_max_share)

    def load(self) -> Interactions:
        """Find the folder, downloading it when it is nowhere, and read it.

        Raises
        ------
        DataNotFoundError
            If the folder is not there or not complete.
        DataFormatError
            If a file is not what it should be.
        DownloadError
            If the data is nowhere and cannot be downloaded.
        DataError
            If the feedback cannot be read.
        """
        folder, layout = self.locate()
        ratings = layout.read(folder, self.name)
        ratings = resolve_duplicates(ratings, self.duplicates, folder / layout.ratings_file)
        return with_feedback(ratings, self.feedback, self.feedback_weight, self.feedback_max_share)

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return path, size and modification time of the files, count and last id of the feedback."""
        folder, layout = self.locate()
        files = fingerprint(*(folder / file for file in layout.files))
        return files + feedback_fingerprint(self.feedback)

    def content_digests(self) -> dict[str, str]:
        """Return digests of the files, by their names, and of the feedback."""
        folder, layout = self.locate()
        digests = {file: content_digest(folder / file) for file in layout.files}
        if self.feedback is not None:
            digests["feedback"] = feedback_digest(self.feedback)
        return digests

    def locate(self) -> tuple[Path, Layout]:
        """Return the folder and its layout; download the edition when it is nowhere."""
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
        cache = cache_folder() / self.name
        for folder in (BUNDLED / self.name, cache):
            if layout := find_layout(folder):
                return folder, layout
        tried.append(f"{cache} holds no data")
        return cache, self._download(cache, tried)

    def _download(self, cache: Path, tried: list[str]) -> Layout:
        """Install the edition in the cache; when that fails, say all that was tried."""
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
                f"No data for {self.name!r}: {'; '.join(tried)}; {error} "
                f"Where the network is closed, fetch the archive "
                f"elsewhere and put its {' and '.join(edition.files)} into {cache}, into "
                f"$RECSYS_DATA_DIR/{self.name}, or into a folder that dataset.path names; {_ELSEWHERE}."
            ) from error
        return _require_layout(cache, "the cache")


def _require_layout(folder: Path, source: str) -> Layout:
    """Return the layout of a folder that was named on purpose; nothing else is looked at instead."""
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
