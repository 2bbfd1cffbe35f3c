"""Download the editions of MovieLens that GroupLens serves into the cache, verified and atomically."""

import hashlib
import logging
import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from recsys.datasets.layouts import find_layout
from recsys.errors import DownloadError

logger = logging.getLogger(__name__)

BASE_URL = "https://files.grouplens.org/datasets/movielens/"
TIMEOUT = (10, 60)  # seconds to wait for a connection, and for the next bytes


@dataclass(frozen=True)
class Edition:
    """Names of the ratings and movies files in the archive, and published digests.

    `digests` are those of the archive, or of its files where it may be packed again; "sha256:..." is of a
    file with line ends normalised.
    """

    files: tuple[str, str] = ("ratings.csv", "movies.csv")
    digests: Mapping[str, str] = field(default_factory=dict)

    def verify(self, path: Path) -> None:
        """Raise DownloadError if a file is not the one with the published digest."""
        expected = self.digests.get(path.name)
        if expected is None:
            return
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


_DAT = ("ratings.dat", "movies.dat")
EDITIONS: Mapping[str, Edition] = {
    "ml-latest-small": Edition(
        digests={
            "ratings.csv": "sha256:80da8b3393dae325bbba5a31f291a6ba55d8d4f4396de3c456f2c1635b1b70e8",
            "movies.csv": "sha256:c47b783f23eb304413307e1bb05335e427737da20ec8d3c0e96335567dd5f3dc",
        }
    ),
    "ml-100k": Edition(("u.data", "u.item"), {"ml-100k.zip": "md5:0e33842e24a9c977be4e0107933c0723"}),
    "ml-1m": Edition(_DAT, {"ml-1m.zip": "md5:c4d9eecfca2ab87c1945afe126590906"}),
    "ml-10m": Edition(_DAT, {"ml-10m.zip": "md5:ce571fd55effeba0271552578f2648bd"}),
    "ml-20m": Edition(digests={"ml-20m.zip": "md5:cd245b17a1ae2cc31bb14903e1204af3"}),
    "ml-25m": Edition(digests={"ml-25m.zip": "md5:6b51fb2759a8657d3bfcbfc42b592ada"}),
    "ml-32m": Edition(
        digests={
            "ratings.csv": "md5:cf12b74f9ad4b94a011f079e26d4270a",
            "movies.csv": "md5:0df90835c19151f9d819d0822e190797",
        }
    ),
}


def install(name: str, edition: Edition, folder: Path) -> None:
    """Download an edition, verify it and unpack it into `folder`; raise DownloadError if that fails.

    Everything happens in a temporary folder beside it; the last step is one rename. A download that is killed
    leaves nothing in `folder`, and of two processes at once one wins and the other uses its files.
    """
    url = f"{BASE_URL}{name}.zip"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            archive, unpacked = Path(scratch, f"{name}.zip"), Path(scratch, name)
            logger.info("Downloading %s", url)
            _fetch(url, archive)
            edition.verify(archive)
            _unpack(archive, unpacked, edition)
            for file in edition.files:
                edition.verify(unpacked / file)
            _publish(unpacked, folder, Path(scratch, "replaced"))
            logger.info("Installed %s in %s", name, folder)
    except DownloadError as error:
        raise DownloadError(f"{url}: {error}. Nothing of it was kept.") from error
    except (OSError, zipfile.BadZipFile) as error:
        # Each layer of the HTTP client wraps the error; the innermost names the cause.
        cause: BaseException = error
        while inner := cause.__cause__ or cause.__context__:
            cause = inner
        reason = " ".join(str(cause).split())
        raise DownloadError(f"{url}: {type(cause).__name__}: {reason}. Nothing of it was kept.") from error


def _fetch(url: str, target: Path) -> None:
    import pooch

    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT)
    try:
        download(url, str(target), None)
    except OSError as error:
        # Pooch leaves the connection of a refused request open.
        if (response := getattr(error, "response", None)) is not None:
            response.close()
        raise


def _unpack(archive: Path, folder: Path, edition: Edition) -> None:
    """Unpack the edition's files and its README; the rest is up to ten times as large, and never read."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            path = PurePosixPath(member.filename)  # the name of the folder in the archive varies
            if len(path.parts) == 2 and (path.name in edition.files or path.name.startswith("README")):
                with members.open(member) as source, (folder / path.name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    if missing := [file for file in edition.files if not (folder / file).is_file()]:
        raise DownloadError(f"the archive holds no {' and no '.join(missing)}")


def _publish(unpacked: Path, folder: Path, aside: Path) -> None:
    """Rename the unpacked folder to its place, unless another process has put a complete one there."""
    try:
        unpacked.replace(folder)
    except OSError:
        if not folder.is_dir():
            raise
        if find_layout(folder) is None:  # incomplete, so not ours
            folder.replace(aside)
            unpacked.replace(folder)
