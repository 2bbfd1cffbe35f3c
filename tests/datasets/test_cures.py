"""What a refused file advises to correct or remove is done, and the file is read."""

import re

import pytest

from recsys.datasets import CsvDataset, FimiDataset
from recsys.errors import DataFormatError

RATINGS = "userId,movieId,rating,timestamp\n1,10,4,1\n2,11,5,2\n"


def csv(path, **settings):
    return CsvDataset(path=str(path), **settings)


@pytest.mark.parametrize(
    "line",
    [
        "3,10,4",
        "3,10,4,1,9",
        "3,10,good,1",
        "3,10,nan,1",
        "3,,4,1",
        "3,10,4,yesterday",
        '3,"10,4,1',
        "3,0x1,4,0x1",
    ],
)
def test_the_line_that_is_named_is_removed(tmp_path, line):
    file = tmp_path / "ratings.csv"
    lines = [*RATINGS.splitlines(), line, "4,12,3,5"]
    file.write_text("\n".join(lines) + "\n")
    columns = {"user_id": "userId", "item_id": "movieId", "rating": "rating", "timestamp": "timestamp"}
    with pytest.raises(DataFormatError) as refused:
        csv(file, columns=columns).load()
    number = int(re.search(r", line (\d+)", str(refused.value))[1])
    assert lines[number - 1] == line
    assert re.search("[Cc]orrect", str(refused.value))
    del lines[number - 1]
    file.write_text("\n".join(lines) + "\n")
    assert csv(file, columns=columns).load().user_id.tolist() == [1, 2, 4]


@pytest.mark.parametrize("line", ["1 x 3", "-1 2", "1.5", "9" * 30])
def test_the_line_of_baskets_that_is_named_is_removed(tmp_path, line):
    file = tmp_path / "baskets.dat"
    file.write_text(f"1 2 3\n{line}\n2 3\n")
    with pytest.raises(DataFormatError, match=r"line 2: .* Correct or remove the line") as refused:
        FimiDataset(path=str(file)).load()
    assert "dataset=csv" in str(refused.value)
    file.write_text("1 2 3\n2 3\n")
    assert len(FimiDataset(path=str(file)).load()) == 5


@pytest.mark.parametrize("text", ["", "userId,movieId,rating\n"])
def test_a_file_without_rows_is_replaced(tmp_path, text):
    file = tmp_path / "ratings.csv"
    file.write_text(text)
    columns = {"user_id": "userId", "item_id": "movieId", "rating": "rating"}
    with pytest.raises(DataFormatError, match="Give a file that holds"):
        csv(file, columns=columns).load()
    file.write_text("userId,movieId,rating\n1,2,3\n")
    assert len(csv(file, columns=columns).load()) == 1
