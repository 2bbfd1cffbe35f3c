"""The walk of docs/how-to/baskets.md, on a smaller shop: a sweep, and recommendations to a customer."""

import re
import shlex
from pathlib import Path

from hydra import compose, initialize_config_dir

from recsys.cli import COMMANDS, recommend
from recsys.composition import build
from scripts import make_shop
from tests.conftest import ROOT

PAGE = (ROOT / "docs/how-to/baskets.md").read_text("utf-8")
TYPED = [
    shlex.split(line)[3:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.S)
    for line in block.replace("\\\n", "").splitlines()
    if line.startswith("python -m recsys")
]


def test_from_orders_to_the_next_basket_of_a_customer(call, capfd):
    swept = call(
        "experiment=baskets", "dataset.n_customers=60", "dataset.n_orders=500", "hydra.sweeper.n_trials=1",
        "hydra.sweep.dir=sweep", "hydra/callbacks=untracked",
    )  # fmt: skip
    assert swept.code == 0, swept.stderr
    assert re.search(r"[1-9]\d* rules, max lift", swept.stdout)
    assert re.search(r"Trial \d on the test part: ndcg@10 0\.\d+", swept.stdout)
    report = Path("sweep/report.html").read_text("utf-8")
    assert "users who bought" in report
    text = re.sub(
        r"<(script|pre)\b.*?</\1>", "", report, flags=re.S
    )  # not what the keys of the configuration are
    assert not re.search(r"(?i)\b(movies?|films?|likes?|liked)\b", text)
    capfd.readouterr()
    assert recommend.main(["--model", "sweep", "--user", "17", "--k", "5"]) == 0
    said = capfd.readouterr().out
    assert re.search(r"^User 17 bought \d+ products; the latest: \w", said, re.M)
    assert "because you bought it" in said
    assert re.search(r"^  5\. ", said, re.M)
    assert not re.search(r"(?i)\b(movies?|films?|likes?|liked)\b", said)


def test_the_page_names_settings_and_a_file_that_there_are(tmp_path, monkeypatch):
    """Each of its commands composes, with its own settings for the file that it makes."""
    monkeypatch.chdir(tmp_path)
    make_shop.main(["shop.csv", "--customers", "5", "--orders", "20"])
    (settings,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    (tmp_path / "own/dataset").mkdir(parents=True)
    (tmp_path / "own/dataset/shop.yaml").write_text(settings)
    assert len(TYPED) > 6
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        searched = f"hydra.searchpath=[file://{tmp_path}/own]"
        for words in TYPED:
            if "=" in words[0]:
                overrides = [word for word in words if not word.startswith("hydra.")]
                found = compose("config", [*overrides, searched])
                assert found.dataset.path in ("shop.csv", "groceries.csv")
            else:
                assert words[0] in COMMANDS
        shop = build(compose("config", ["dataset=shop", searched]), "dataset").load()
    assert (shop.n_users, shop.items.levels) == (5, ("Department", "Aisle"))
    assert (shop.items.nouns.items, shop.items.nouns.verb) == ("products", "bought")
