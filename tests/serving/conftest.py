"""A service over a few likes, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from recsys.data import ItemCatalog, Nouns
from recsys.feedback import FeedbackStore
from recsys.models.bundle import Bundle
from recsys.models.version_history import VersionSummary
from recsys.recommenders import PopularityRecommender
from recsys.serving.app import create_app
from recsys.serving.reloader import ModelReloader
from recsys.serving.settings import Settings
from tests.conftest import ROOT
from tests.models.problems import long
from tests.recommenders.problems import ALL, rules_of

HTML = "<img src=x onerror=alert(1)>"
TITLES = {0: "Toy Story (1995)", 10: "Toy Story 2 (1999)", 20: "Heat (1995)", 30: HTML}


def script(name: str) -> ModuleType:
    """Import one of the programs in scripts/."""
    if str(ROOT / "scripts") not in sys.path:
        sys.path.append(str(ROOT / "scripts"))
    return import_module(name)


class Shelf:
    """A source whose versions are objects: `on_top` is to be served."""

    def __init__(self, **bundles: Bundle | Exception) -> None:
        self.bundles, self.on_top = bundles, next(iter(bundles))

    def version(self) -> str:
        return self.on_top

    def load(self, version: str) -> Bundle:
        bundle = self.bundles[version]
        if isinstance(bundle, Exception):
            raise bundle
        return bundle

    def versions(self) -> list[VersionSummary]:
        return [
            VersionSummary(name, ["champion"] * (name == self.on_top), "", "", "", "", None, "", "", [])
            for name in self.bundles
        ]


def bundle(name: str = "rules") -> Bundle:
    train = long()
    ids = train.items.tolist()
    items = np.array([*ids, 5000])  # the last one nobody likes
    titles = (*(TITLES.get(item, f"Film {item}") for item in ids), "Unseen (2001)")
    nouns = Nouns("film", "films", "genre", "genres")
    catalog = ItemCatalog(items, titles, (("Drama", "War"),) * len(items), nouns=nouns)
    recommender = PopularityRecommender() if name == "popularity" else ALL[name]
    return Bundle(recommender.fit(train, rules_of(train)), catalog, train, {"recommender": name})


def thumb(client: TestClient, row: int = 0, likes: Sequence[int] = (0, 10), **changes: Any) -> dict[str, Any]:
    """Return a thumb for a place of a list that the service has just recommended."""
    answer = client.post("/recommend", json={"items": list(likes), "k": 5, "explain": True}).json()
    item = answer["recommendations"][row]["item_id"]
    given = {"signed_list": answer["signed_list"], "user_id": "ann", "item_id": item, "verdict": "up"}
    return given | changes


@pytest.fixture(scope="session")
def bundles() -> dict[str, Bundle]:
    return {"1": bundle(), "2": bundle("popularity")}


@pytest.fixture
def shelf(bundles: dict[str, Bundle]) -> Shelf:
    return Shelf(**bundles)


@pytest.fixture
def reloader(shelf: Shelf) -> ModelReloader:
    return ModelReloader(shelf, poll_seconds=3600)


@pytest.fixture
def serve(reloader: ModelReloader, tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Start a service with some settings; it is called at localhost."""
    clients = []

    def serve(load: bool = True, **settings: Any) -> TestClient:
        if load:
            reloader.load()
        store = FeedbackStore.open(str(tmp_path / "feedback.db"))
        app = create_app(Settings(**settings), reloader, store)
        client = TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)
        client.__enter__()
        clients.append(client)
        return client

    yield serve
    for client in clients:
        client.__exit__()


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()


@pytest.fixture(scope="session")
def reader(bundles: dict[str, Bundle], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client for tests that leave nothing behind: they share one service, which takes time to make."""
    with shared(ModelReloader(Shelf(**bundles), poll_seconds=3600), tmp_path_factory) as client:
        yield client


@contextmanager
def shared(reloader: ModelReloader, folders: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Load a model and start a service, for several tests."""
    reloader.load()
    store = FeedbackStore.open(str(folders.mktemp("shared") / "feedback.db"))
    app = create_app(Settings(), reloader, store)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        yield client
