"""Tiny MovieLens folders, one in each of GroupLens' layouts; an environment without data or network."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Three users and three movies; the same content in every layout.
CSV = {
    "ratings.csv": "userId,movieId,rating,timestamp\n"
    "1,10,4.0,100\n1,20,3.5,110\n2,10,5.0,120\n3,30,0.5,130\n",
    "movies.csv": 'movieId,title,genres\n10,"Café, The (1995)",Drama|War\n20,Heat (1995),Action\n'
    "30,Alien (1979),(no genres listed)\n",
}
DAT = {
    "ratings.dat": "1::10::4::100\n1::20::3.5::110\n2::10::5::120\n3::30::0.5::130\n",
    "movies.dat": "10::Café, The (1995)::Drama|War\n20::Heat (1995)::Action\n"
    "30::Alien (1979)::(no genres listed)\n",
}


def u_item_line(movie: int, title: str, *flags: int) -> str:
    marks = ["1" if flag in flags else "0" for flag in range(19)]
    return "|".join([str(movie), title, "01-Jan-1995", "", "http://us.imdb.com/", *marks]) + "\n"


U = {
    "u.data": "2\t10\t5\t120\n1\t20\t3.5\t110\n1\t10\t4\t100\n3\t30\t0.5\t130\n",
    "u.item": u_item_line(10, "Café, The (1995)", 8, 17)
    + u_item_line(20, "Heat (1995)", 1)
    + u_item_line(30, "Alien (1979)"),
}


def write_folder(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text.encode(encoding)
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def archive(folder: str, files: dict[str, str], encoding: str = "utf-8") -> bytes:
    """A zip file as GroupLens makes them: everything in one folder, more than is read."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as members:
        for name, text in {**files, "README.txt": "terms", "tags.csv": "not read"}.items():
            members.writestr(f"{folder}/{name}", text.encode(encoding))
    return stream.getvalue()


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No RECSYS_DATA_DIR, an empty cache, whose folder is returned, and a network that refuses."""
    monkeypatch.delenv("RECSYS_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("recsys.datasets.download.BASE_URL", "http://127.0.0.1:9/")
    return tmp_path / "xdg" / "recsys"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], list[str]]:
    """Let downloads bring these bytes; returns the list of addresses asked for."""

    def serve(content: bytes) -> list[str]:
        asked: list[str] = []

        def fetch(self: object, url: str, output_file: str, pooch: object) -> None:
            asked.append(url)
            Path(output_file).write_bytes(content)

        monkeypatch.setattr("pooch.HTTPDownloader.__call__", fetch)
        return asked

    return serve
