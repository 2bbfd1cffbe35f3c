import numpy as np

from recsys.data import Histories
from recsys.serving.loaded_model import LoadedModel
from tests.models.problems import bundle_of


def test_likes_of_an_item_count_users_not_orders():
    steps = np.array([0, 1, 0])  # the first user has two orders of item 0
    items, users = np.array([0, 10]), np.array([1, 2])
    train = Histories(np.array([0, 2, 3]), np.array([0, 0, 1], np.int32), items, users, steps, repeats=True)
    loaded = LoadedModel(bundle_of("popularity", train), "1")
    assert loaded.n_likes == {0: 1, 10: 1}
