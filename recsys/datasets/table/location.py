"""Where the files of a well-known dataset are, if no path is given."""

import os
from collections.abc import Sequence
from pathlib import Path

from recsys.datasets.files import reading
from recsys.errors import DataNotFoundError


def locate(name: str, searched: Sequence[str]) -> Path:
    """Return the first of some files in `$RECSYS_DATA_DIR/<name>/`, or this folder if none are given.

    Raise DataNotFoundError if there is none.
    """
    example = f"the file, for example dataset.path={searched[0]}" if searched else "the folder"
    cure = f"Set dataset.path to {example}."
    data_dir = os.environ.get("RECSYS_DATA_DIR")
    if not data_dir:
        raise DataNotFoundError(
            f"No data for {name!r}: dataset.path is null, and $RECSYS_DATA_DIR not set. {cure}"
        )
    folder = Path(data_dir).expanduser() / name
    with reading(folder):
        if not searched and folder.is_dir():
            return folder
        for file in searched:
            if (folder / file).is_file():
                return folder / file
    wanted = f"holds none of {', '.join(searched)}" if folder.is_dir() else "is not there"
    raise DataNotFoundError(f"No data for {name!r}: {folder} ($RECSYS_DATA_DIR) {wanted}. {cure}")
