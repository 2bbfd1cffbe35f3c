"""Feedback becomes ratings."""

from dataclasses import replace

import numpy as np
import pytest

from recsys.data import Interactions, ItemCatalog
from recsys.datasets import CsvDataset, MovieLens
from recsys.datasets.feedback import with_feedback
from recsys.errors import DataError, DataNotFoundError, ParameterError
from recsys.feedback import Feedback, FeedbackStore
from recsys.preprocessing import Preprocessing
from tests.datasets.conftest import CSV, write_folder

RATINGS = Interactions(
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


def merged_with(feedback, weight=1, max_share=1.0, ratings=RATINGS):
    return with_feedback(ratings, feedback, weight, max_share)


def rows(ratings):
    columns = (ratings.user_id, ratings.item_id, ratings.rating, ratings.timestamp)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_thumbs_are_the_ends_of_the_scale(say):
    merged = merged_with(say(("ann", "30", True), ("ann", "20", False)))
    assert rows(merged) == [*rows(RATINGS), (3, 20, 1.5, 210), (3, 30, 5.0, 200)]
    assert merged.items is RATINGS.items


def test_what_was_picked_is_liked_the_second_before(say):
    merged = merged_with(say(("ann", "30", True, "20", "10")))
    assert rows(merged)[3:] == [(3, 10, 5.0, 199), (3, 20, 5.0, 199), (3, 30, 5.0, 200)]


def test_the_last_word_counts(say):
    merged = merged_with(
        say(("ann", "30", True), ("ann", "30", False), ("ann", "10", False), ("ann", "20", True, "10")),
    )
    assert rows(merged)[3:] == [(3, 10, 5.0, 229), (3, 20, 5.0, 230), (3, 30, 1.5, 210)]


def test_what_the_page_calls_people_is_no_user_of_the_data(say):
    merged = merged_with(say(("1", "10", False), ("2", "30", True)))
    assert rows(merged) == [*rows(RATINGS), (3, 10, 1.5, 200), (4, 30, 5.0, 210)]
    assert merged.page_users.tolist() == [3, 4]


def test_each_person_becomes_as_many_users_as_the_weight(say):
    merged = merged_with(say(("ann", "30", True), ("bob", "20", True), ("ann", "10", True)), weight=2)
    assert [(user, item) for user, item, *_ in rows(merged)[3:]] == [
        (3, 10), (3, 30), (4, 10), (4, 30), (5, 20), (6, 20),
    ]  # fmt: skip
    assert merged.page_users.tolist() == [3, 4, 5, 6]


def test_ids_that_are_text(say):
    ratings = Interactions(np.array(["u"]), np.array(["x"]), np.array([3.0]))
    merged = merged_with(say(("ann", "x", True), ("#2:ann", "x", True)), weight=1, ratings=ratings)
    assert merged.user_id.tolist() == ["page:ann", "u"]  # of one user, one person is the most
    ratings = Interactions(np.array(["u", "v", "w", "z"]), np.array(["x"] * 4), np.full(4, 3.0))
    merged = merged_with(say(), weight=2, ratings=ratings)
    assert merged.page_users.tolist() == ["page:ann", "page#2:ann", "page:#2:ann", "page#2:#2:ann"]
    assert merged.timestamp is None


def test_users_of_the_data_who_are_called_like_people_of_the_page(say):
    users = np.array(["page:ann", "page_#2:ann", "u"])
    ratings = Interactions(users, np.array(["x"] * 3), np.full(3, 3.0))
    merged = merged_with(say(("ann", "x", False)), ratings=ratings)
    assert merged.page_users.tolist() == ["page__:ann"]
    assert dict(zip(merged.user_id.tolist(), merged.rating.tolist(), strict=True))["page:ann"] == 3


def test_no_integers_left(say):
    ratings = Interactions(np.array([2**63 - 1]), np.array([10]), np.array([3.0]))
    with pytest.raises(DataError, match=f"people get the integers after {2**63 - 1}, and there are none"):
        merged_with(say(("ann", "10", True)), ratings=ratings)


@pytest.mark.parametrize(
    ("share", "weight", "people"), [(0.05, 1, 2), (0.05, 2, 1), (0.01, 5, 1), (0.1, 1, 4)]
)
def test_feedback_adds_few_users_to_an_item(say, caplog, share, weight, people):
    """Thumbs and what a list was made from alike, whatever the number of invented people."""
    users = np.arange(40)
    ratings = replace(
        RATINGS, user_id=users, item_id=np.full(40, 10), rating=np.full(40, 4.0), timestamp=None
    )
    thumbs = [(f"u{n}", "20", True, "30") for n in range(6)]
    merged = merged_with(say(*thumbs), weight, share, ratings)
    for item in (20, 30):
        assert (merged.item_id == item).sum() == people * weight
    assert merged.page_users.tolist() == list(range(40, 40 + people * weight))
    assert f"2 items were judged by more than {people} people of the page" in caplog.text
    assert f"{share:g} of the 40 users of three (dataset.feedback_max_share), such as C by 6" in caplog.text


def test_items_of_another_catalogue_are_left_out_with_a_warning(say, caplog):
    path = say(("ann", "99", True), ("ann", "<b>", False))
    assert with_feedback(RATINGS, path).digest == RATINGS.digest
    assert "dataset.feedback: 2 items are not in three and left out" in caplog.text


def test_nothing_said_changes_nothing(say):
    assert with_feedback(RATINGS, say()).digest == RATINGS.digest


def test_a_dataset_reads_it_and_sees_that_there_is_more(say, tmp_path):
    folder = str(write_folder(tmp_path / "ml", CSV))
    plain = MovieLens("ml", path=folder)
    dataset = MovieLens(
        "ml", path=folder, feedback=say(("ann", "30", True, "10")), feedback_weight=2, feedback_max_share=1
    )
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
    with pytest.raises(ParameterError, match="feedback_max_share must be a share of the users"):
        MovieLens(feedback_max_share=0)
    with pytest.raises(ParameterError, match="feedback must be a path or a URL, or null"):
        MovieLens(feedback="")
    with pytest.raises(DataNotFoundError, match=r"dataset\.feedback: there is no file"):
        with_feedback(RATINGS, str(tmp_path / "none.db"))
