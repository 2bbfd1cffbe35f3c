"""The bundled files are what the script makes of the package."""

from __future__ import annotations

import gzip
import runpy
from pathlib import Path

from recsys.datasets.movielens import BUNDLED

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_bundled_data.py"


def test_bundled_data_can_be_built_again(tmp_path: Path) -> None:
    runpy.run_path(str(SCRIPT))["build"](tmp_path)
    for name in ("ratings.csv.gz", "movies.csv.gz"):
        built, bundled = (
            (tmp_path / name).read_bytes(),
            (BUNDLED / "ml-latest-small-2016" / name).read_bytes(),
        )
        assert gzip.decompress(built) == gzip.decompress(bundled)
