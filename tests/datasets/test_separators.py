from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from recsys.datasets import CsvDataset, ParquetDataset
from recsys.datasets.separators import CANDIDATES, likely_separator, separator_cure
from recsys.errors import DataFormatError


@pytest.mark.parametrize("separator", [";", "\t", "|", ":", " "])
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_override_that_is_printed_reads_the_file(tmp_path: Path, separator: str, quote: str) -> None:
    rows = [("user_id", "item_id"), ("1", "milk"), ("1", "tea"), ("2", "milk")]
    lines = [separator.join(f"{quote}{field}{quote}" for field in row) for row in rows]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    with pytest.raises(DataFormatError, match="The fields seem to be separated by ") as caught:
        CsvDataset(str(tmp_path / "mine.csv"), layout="baskets").load()
    typed = str(caught.value).split("Set ")[1].removesuffix(".")
    assert typed.startswith("'dataset.separator=")  # in a shell's quotes; within, in Hydra's
    (override,) = OverridesParser.create().parse_overrides([typed.strip("'")])
    value = override.value()
    assert isinstance(value, str)
    mine = CsvDataset(str(tmp_path / "mine.csv"), layout="baskets", separator=value)
    assert len(mine.load()) == 3


def test_columns_of_other_names() -> None:
    cure = separator_cure(["basket;product\n", "1;milk\n"], ",", "user_id", "dataset.columns.user_id")
    assert cure == (
        "The fields seem to be separated by ';'. Set 'dataset.separator=\";\"', and "
        "dataset.columns.user_id to one of 'basket', 'product'."
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["user,item\n", "1,2\n"],  # as was tried
        ["number\n", "1\n"],
        ["a;b\n", "1;2;3\n"],  # not the same in each line
    ],
)
def test_no_guess_without_reason(lines: list[str]) -> None:
    assert likely_separator(lines, ",", "user_id") is None


def test_the_items_of_ratings_in_text_have_the_separator_of_these(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("user_id,item_id,rating\n1,1,4\n")
    (tmp_path / "items.csv").write_text("item_id;title\n1;Milk\n")
    with pytest.raises(DataFormatError, match=r"by ';'\. Save the file with ',' instead\."):
        CsvDataset(str(tmp_path / "mine.csv"), items_path=str(tmp_path / "items.csv")).load()
    with pytest.raises(DataFormatError, match=r"Set 'dataset\.separator=\";\"'\."):
        ParquetDataset(str(tmp_path / "x.parquet"), items_path=str(tmp_path / "items.csv"))._read_items()
    assert ";" in CANDIDATES
