"""The walk of docs/baskets.md, on a smaller shop: a sweep, and recommendations to a customer."""

import re
from pathlib import Path

from recsys.cli import recommend


def test_from_orders_to_the_next_basket_of_a_customer(call, capfd):
    swept = call(
        "experiment=baskets", "dataset.n_customers=60", "dataset.n_orders=500", "hydra.sweeper.n_trials=2",
        "hydra.sweep.dir=sweep", "hydra/callbacks=untracked",
    )  # fmt: skip
    assert swept.code == 0, swept.stderr
    assert re.search(r"[1-9]\d* rules, max lift", swept.stdout)
    assert re.search(r"Trial \d on the test part: ndcg@10 0\.\d+", swept.stdout)
    report = Path("sweep/report.html").read_text("utf-8")
    assert "users who bought" in report
    text = re.sub(
        r"<(script|pre)>.*?</\1>", "", report, flags=re.S
    )  # not what the keys of the configuration are
    assert not re.search(r"(?i)\b(movies?|films?|likes?|liked)\b", text)
    capfd.readouterr()
    assert recommend.main(["--model", "sweep", "--user", "17", "--k", "5"]) == 0
    said = capfd.readouterr().out
    assert re.search(r"^User 17 bought \d+ products; the latest: \w", said, re.M)
    assert "because you bought it" in said
    assert re.search(r"^  5\. ", said, re.M)
    assert not re.search(r"(?i)\b(movies?|films?|likes?|liked)\b", said)
