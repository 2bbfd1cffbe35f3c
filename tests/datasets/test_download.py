from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from recsys.datasets import MovieLens
from recsys.datasets.download import EDITIONS, Edition
from recsys.errors import DownloadError

from .conftest import CSV, DAT, U, archive, write_folder

Serve = Callable[[bytes], list[str]]


def publish(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> bytes:
    """Let the edition be the one in this archive."""
    digests = {f"{name}.zip": f"md5:{hashlib.md5(content).hexdigest()}"}
    edition = replace(EDITIONS[name], digests=digests)
    monkeypatch.setitem(EDITIONS, name, edition)  # type: ignore[arg-type]
    return content


def left_in(cache: Path) -> list[str]:
    return sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*"))


@pytest.mark.parametrize(
    ("name", "folder", "files"),
    [
        ("ml-100k", "ml-100k", U),
        ("ml-1m", "ml-1m", DAT),
        ("ml-10m", "ml-10M100K", DAT),
        ("ml-25m", "ml-25m", CSV),
    ],
)
def test_download_is_installed_under_its_own_name_and_used_again(
    nowhere: Path,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    folder: str,
    files: dict[str, str],
) -> None:
    asked = serve(publish(monkeypatch, name, archive(folder, files, "latin-1" if files is U else "utf-8")))
    assert len(MovieLens(name).load()) == 4
    assert len(MovieLens(name).load()) == 4
    assert asked == [f"http://127.0.0.1:9/{name}.zip"]
    assert left_in(nowhere) == sorted([name, *(f"{name}/{file}" for file in (*files, "README.txt"))])


@pytest.mark.parametrize("name", ["ml-latest-small", "ml-1m", "ml-32m"])
def test_download_that_is_not_genuine_leaves_nothing(nowhere: Path, serve: Serve, name: str) -> None:
    serve(archive(name, DAT if name == "ml-1m" else CSV))
    with pytest.raises(DownloadError, match=r"is not what GroupLens published: .*Nothing of it was kept"):
        MovieLens(name).load()
    assert left_in(nowhere) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Sign in to the wireless network</html>", "BadZipFile"),
        (archive("x", {}), "the archive holds no ratings.csv"),
    ],
)
def test_archive_that_cannot_be_used_leaves_nothing(
    nowhere: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    serve(publish(monkeypatch, "ml-25m", content))
    with pytest.raises(DownloadError, match=message):
        MovieLens("ml-25m").load()
    assert left_in(nowhere) == []


def test_members_are_verified_with_line_ends_normalised(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"a\nb\n").hexdigest()
    edition = Edition(digests={"ratings.csv": f"sha256:{digest}"})
    edition.verify(write_folder(tmp_path, {"ratings.csv": "a\r\nb\r\n"}) / "ratings.csv")
    edition.verify(write_folder(tmp_path, {"ratings.csv": "a\nb\n"}) / "ratings.csv")
    with pytest.raises(DownloadError, match=r"ratings.csv is not what GroupLens published"):
        edition.verify(write_folder(tmp_path, {"ratings.csv": "a\nc\n"}) / "ratings.csv")


def test_closed_network_says_what_was_tried_and_what_to_do(nowhere: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        MovieLens("ml-1m").load()
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "$RECSYS_DATA_DIR is not set",
        f"{nowhere / 'ml-1m'} holds no data",
        "http://127.0.0.1:9/ml-1m.zip: ConnectionRefusedError",
        "ratings.dat and movies.dat",
        "dataset.path",
        "dataset=ml_latest_small_2016",
    ):
        assert part in message
    assert left_in(nowhere) == []


def test_cache_that_cannot_be_written_is_named(nowhere: Path) -> None:
    nowhere.parent.mkdir()
    nowhere.write_text("a file where the cache should be")
    with pytest.raises(DownloadError, match=r"(FileExistsError|NotADirectoryError)"):
        MovieLens("ml-1m").load()


def test_leftover_of_somebody_is_replaced(
    nowhere: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(nowhere / "ml-25m", {"ratings.csv": "userId,movi"})
    serve(publish(monkeypatch, "ml-25m", archive("ml-25m", CSV)))
    assert len(MovieLens("ml-25m").load()) == 4


def test_two_downloads_at_once_both_succeed(
    nowhere: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(publish(monkeypatch, "ml-25m", archive("ml-25m", CSV)))
    both_have_it = threading.Barrier(2, timeout=30)
    # Each waits until the other has verified its own archive as well: both then rename.
    monkeypatch.setattr(Edition, "verify", lambda *_: both_have_it.wait())
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(MovieLens("ml-25m").load) for _ in range(2)]
        assert [len(load.result(timeout=30)) for load in loads] == [4, 4]
    assert [path.name for path in nowhere.iterdir()] == ["ml-25m"]


@pytest.mark.parametrize("status", [200, 404])
def test_real_http_server(nowhere: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    content = publish(monkeypatch, "ml-25m", archive("ml-25m", CSV))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.timeout = 30
        monkeypatch.setattr("recsys.datasets.download.BASE_URL", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        one_request = threading.Thread(target=server.handle_request)
        one_request.start()
        if status == 200:
            assert len(MovieLens("ml-25m").load()) == 4
        else:
            with pytest.raises(DownloadError, match="HTTPError: 404"):
                MovieLens("ml-25m").load()
        one_request.join(timeout=30)
