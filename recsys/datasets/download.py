"""Download an edition of MovieLens into the cache, verified and atomically."""

import logging
import shutil
import sys
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from recsys.datasets import editions
from recsys.datasets.editions import Edition
from recsys.datasets.layouts import find_layout
from recsys.errors import DownloadError

logger = logging.getLogger(__name__)

TIMEOUT = (10, 60)  # seconds to wait for a connection, and for the next bytes


def install(name: str, edition: Edition, folder: Path) -> None:
    """Download an edition, verify it and unpack it into `folder`; raise DownloadError if that fails.

    Everything happens in a temporary folder beside it; the last step is one rename. A download that is killed
    leaves nothing in `folder`, and of two processes at once one wins and the other uses its files.
    """
    url = f"{editions.BASE_URL}{name}.zip"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{name}-", dir=folder.parent) as scratch:
            archive, unpacked = Path(scratch, f"{name}.zip"), Path(scratch, name)
            logger.info("Downloading %s", url)
            _fetch(url, archive)
            edition.verify_archive(archive)
            _unpack(archive, unpacked, edition)
            edition.verify_folder(unpacked)
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
