"""Feedback becomes ratings."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.datasets import CsvDataset, ItemCatalog, MovieLens, Ratings
from recsys.datasets.feedback import with_feedback
from recsys.errors import DataNotFoundError, ParameterError
from recsys.feedback import Feedback, FeedbackStore
from recsys.preprocessing import Preprocessing
from tests.datasets.conftest import CSV, write_folder

RATINGS = Ratings(
    user_id=np.array([1, 1, 2]),
    item_id=np.array([10, 20, 10]),
    rating=np.array([4.0, 1.5, 5.0]),
    timestamp=np.array([100, 110, 120]),
    items=ItemCatalog(np.array([10, 20, 30]), ("A", "B", "C"), ((),) * 3),
    name="three",
)


@pytest.fixture
def say(tmp_path):
    """Keep feedback, one thumb a second; return the path."""
    store = FeedbackStore.open(str(tmp_path / "feedback.db"))

    def say(*thumbs):
        for user, item, liked, *likes in thumbs:
            number = store.state()[0]
            store.add(
                Feedback(str(number), user, item, liked, tuple(likes), created=1000 * (200 + 10 * number))
            )
        return str(tmp_path / "feedback.db")

    yield say
    store.close()


def rows(ratings):
    columns = (ratings.user_id, ratings.item_id, ratings.rating, ratings.timestamp)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_thumbs_are_the_ends_of_the_scale(say):
    merged = with_feedback(RATINGS, say(("ann", "30", True), ("ann", "20", False)))
    assert rows(merged) == [*rows(RATINGS), (3, 20, 1.5, 210), (3, 30, 5.0, 200)]
    assert merged.items is RATINGS.items


def test_what_was_picked_is_liked_the_second_before(say):
    merged = with_feedback(RATINGS, say(("ann", "30", True, "20", "10")))
    assert rows(merged)[3:] == [(3, 10, 5.0, 199), (3, 20, 5.0, 199), (3, 30, 5.0, 200)]


def test_the_last_word_counts(say):
    merged = with_feedback(
        RATINGS,
        say(("ann", "30", True), ("ann", "30", False), ("ann", "10", False), ("ann", "20", True, "10")),
    )
    assert rows(merged)[3:] == [(3, 10, 5.0, 229), (3, 20, 5.0, 230), (3, 30, 1.5, 210)]


def test_a_user_of_the_data(say):
    merged = with_feedback(RATINGS, say(("1", "10", False), ("2", "30", True)), weight=3)
    assert rows(merged) == [(1, 10, 1.5, 200), (1, 20, 1.5, 110), (2, 10, 5.0, 120), (2, 30, 5.0, 210)]


def test_people_count_as_many_users_as_the_weight(say):
    path = say(("ann", "30", True), ("bob", "20", True), ("ann", "10", True))
    merged = with_feedback(RATINGS, path, weight=2)
    assert [(user, item) for user, item, *_ in rows(merged)[3:]] == [
        (3, 10), (3, 30), (4, 10), (4, 30), (5, 20), (6, 20),
    ]  # fmt: skip


def test_ids_that_are_text(say):
    ratings = Ratings(np.array(["u"]), np.array(["x"]), np.array([3.0]))
    merged = with_feedback(ratings, say(("ann", "x", True)), weight=2)
    assert merged.user_id.tolist() == ["page:ann", "page:ann#2", "u"]
    assert merged.timestamp is None


def test_items_of_another_catalogue_are_left_out_with_a_warning(say, caplog):
    path = say(("ann", "99", True), ("ann", "<b>", False))
    assert with_feedback(RATINGS, path).digest == RATINGS.digest
    assert "dataset.feedback: 2 items are not in three and left out" in caplog.text


def test_nothing_said_changes_nothing(say):
    assert with_feedback(RATINGS, say()).digest == RATINGS.digest


def test_a_dataset_reads_it_and_sees_that_there_is_more(say, tmp_path):
    folder = str(write_folder(tmp_path / "ml", CSV))
    plain = MovieLens("ml", path=folder)
    dataset = MovieLens("ml", path=folder, feedback=say(("ann", "30", True, "10")), feedback_weight=2)
    likes = Preprocessing().filter(dataset.load())
    added = set(zip(likes.user_id.tolist(), likes.item_id.tolist(), strict=True))
    assert added >= {(4, 10), (4, 30), (5, 10), (5, 30)}
    before = dataset.fingerprint()
    say(("bob", "20", False))
    assert dataset.fingerprint() != before
    assert plain.fingerprint() == before[:-1]
    assert len(dataset.load()) == len(plain.load()) + 2 * 3


def test_a_csv_file_reads_it(say, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("user_id,item_id,rating\n1,10,4\n1,20,1\n")
    dataset = CsvDataset(str(path), feedback=say(("ann", "20", True)))
    assert dataset.load().rating.tolist() == [4, 1, 4]


def test_what_cannot_be(tmp_path):
    with pytest.raises(ParameterError, match="feedback_weight must be an integer of at least 1"):
        MovieLens(feedback_weight=0)
    with pytest.raises(ParameterError, match="feedback must be a path or a URL, or null"):
        MovieLens(feedback="")
    with pytest.raises(ParameterError, match="feedback must be null with layout: baskets"):
        CsvDataset("mine.csv", layout="baskets", feedback="feedback.db")
    with pytest.raises(DataNotFoundError, match=r"dataset\.feedback: there is no file"):
        with_feedback(RATINGS, str(tmp_path / "none.db"))
    baskets = Ratings(np.array([1]), np.array([1]))
    with pytest.raises(ParameterError, match="feedback must be null"):
        with_feedback(baskets, str(tmp_path / "none.db"))


def test_a_password_is_not_told_where_there_are_no_ratings():
    address = "postgresql://user:secret@host/db"
    for refuse in (
        lambda: CsvDataset("baskets.csv", layout="baskets", feedback=address),
        lambda: with_feedback(replace(RATINGS, rating=None), address),
    ):
        with pytest.raises(ParameterError, match=r"user:\*\*\*@host"):
            refuse()
