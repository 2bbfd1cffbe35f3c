"""The editions of MovieLens that GroupLens serves, and how their files are verified."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.errors import DownloadError

BASE_URL = "https://files.grouplens.org/datasets/movielens/"


@dataclass(frozen=True)
class Edition:
    """Names of the ratings and movies files in the archive, and hashes.

    `archive_md5` is published by GroupLens; `members` are hashes of files ("sha256:..." with line ends
    normalised) of editions whose archives may be packed again.
    """

    files: tuple[str, str] = ("ratings.csv", "movies.csv")
    archive_md5: str | None = None
    members: Mapping[str, str] = field(default_factory=dict)

    def verify_archive(self, archive: Path) -> None:
        """Raise DownloadError unless the archive is genuine."""
        if self.archive_md5 is not None:
            _verify(archive, f"md5:{self.archive_md5}")

    def verify_folder(self, folder: Path) -> None:
        """Raise DownloadError unless the unpacked files are genuine."""
        for file, expected in self.members.items():
            _verify(folder / file, expected)


def _verify(path: Path, expected: str) -> None:
    algorithm = expected.partition(":")[0]
    with path.open("rb") as stream:
        if algorithm == "sha256":
            digest = hashlib.sha256(stream.read().replace(b"\r\n", b"\n"))
        else:
            digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    if (found := f"{algorithm}:{digest.hexdigest()}") != expected:
        raise DownloadError(
            f"{path.name} is not what GroupLens published: {found} came instead of {expected}"
        )


EDITIONS: Mapping[str, Edition] = {
    "ml-latest-small": Edition(
        members={
            "ratings.csv": "sha256:80da8b3393dae325bbba5a31f291a6ba55d8d4f4396de3c456f2c1635b1b70e8",
            "movies.csv": "sha256:c47b783f23eb304413307e1bb05335e427737da20ec8d3c0e96335567dd5f3dc",
        }
    ),
    "ml-100k": Edition(files=("u.data", "u.item"), archive_md5="0e33842e24a9c977be4e0107933c0723"),
    "ml-1m": Edition(files=("ratings.dat", "movies.dat"), archive_md5="c4d9eecfca2ab87c1945afe126590906"),
    "ml-10m": Edition(files=("ratings.dat", "movies.dat"), archive_md5="ce571fd55effeba0271552578f2648bd"),
    "ml-20m": Edition(archive_md5="cd245b17a1ae2cc31bb14903e1204af3"),
    "ml-25m": Edition(archive_md5="6b51fb2759a8657d3bfcbfc42b592ada"),
    "ml-32m": Edition(
        members={
            "ratings.csv": "md5:cf12b74f9ad4b94a011f079e26d4270a",
            "movies.csv": "md5:0df90835c19151f9d819d0822e190797",
        }
    ),
}
