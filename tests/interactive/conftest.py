"""A folder as a notebook may have it: empty but for a few ratings."""

import pytest

RATINGS = "user_id,item_id,rating\n" + "".join(
    f"{user},{item},{5 if (user + item) % 3 else 2}\n" for user in range(1, 13) for item in range(1, 7)
)
TITLES = "item_id,title,categories\n" + "".join(f"{item},<b>Film</b> {item},Comedy\n" for item in range(1, 7))
DATA = (
    "dataset=csv",
    "dataset.path=ratings.csv",
    "dataset.items_path=items.csv",
    "hydra/callbacks=output_folder",
)
SMALL = (*DATA, "apriori.min_support=0.2")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the working directory; the titles are not harmless as HTML."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ratings.csv").write_text(RATINGS)
    (tmp_path / "items.csv").write_text(TITLES)
    return tmp_path
