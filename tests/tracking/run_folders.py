"""Folders as runs leave them, over few ratings: their configuration alone, for nothing else is read."""

import csv

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from recsys.__main__ import CONF

# Two groups of items; a user likes six of eight of one group.
USERS, GROUP, LIKES = 24, 8, 6


def write_run(folder, *overrides, times=True):
    """Write the folder of a run with some overrides; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    ratings = folder / "ratings.csv"
    with ratings.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "rating", "timestamp"])
        for user in range(USERS):
            first = GROUP * (user % 2)
            for place in range(LIKES):
                table.writerow([user, first + (user // 2 + place) % GROUP, 5, 1000 * user + place])
    data = ["dataset=csv", f"dataset.path={ratings}", "dataset.name=small"]
    data += ["dataset.columns.timestamp=timestamp"] if times else []
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*data, "apriori.min_support=0.05", *overrides])
    (folder / ".hydra").mkdir()
    OmegaConf.save(config, folder / ".hydra" / "config.yaml")
    return folder
