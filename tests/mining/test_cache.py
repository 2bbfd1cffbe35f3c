"""What was mined answers what is asked for less; nothing else does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys import mine
from recsys.data import Transactions
from recsys.errors import BudgetError, ParameterError
from recsys.mining import BitsetEngine, Budget, ItemsetCache, MlxtendEngine
from recsys.mining import cache as module
from tests.mining.test_filtering import assert_same

LISTS = [["a", "b", "c"], ["a", "b"], ["a", "c"], ["b"], ["a", "b", "c", "d"]]


@pytest.fixture
def transactions():
    return Transactions.from_lists(LISTS)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MEMORY", {})
    return ItemsetCache(folder=str(tmp_path / "itemsets"))


@pytest.fixture
def forget():
    """Start as another process does, with the files alone."""
    return lambda: module._MEMORY.clear()


def ask(cache, transactions, min_support, max_len=None, engine=None):
    itemsets, source = cache.get_or_mine(transactions, min_support, max_len, engine or BitsetEngine())
    assert_same(itemsets, mine(transactions, min_support, max_len))
    return source


def test_memory_then_files(cache, transactions, forget):
    assert ask(cache, transactions, 0.2) == "mined"
    assert ask(cache, transactions, 0.2) == "memory"
    forget()
    assert ask(cache, transactions, 0.2) == "file"
    assert ask(cache, transactions, 0.2) == "memory"


@pytest.mark.parametrize("where", ["memory", "file"])
def test_less_is_answered_and_more_is_mined(cache, transactions, forget, where):
    assert ask(cache, transactions, 0.4, 2) == "mined"
    for min_support, max_len, source in [
        (0.6, 2, where),
        (0.4, 1, where),
        (0.4, 3, "mined"),
        (0.2, 2, "mined"),
    ]:
        if where == "file":
            forget()
        assert ask(cache, transactions, min_support, max_len) == source


def test_supports_of_one_count_are_the_same(cache, transactions):
    assert ask(cache, transactions, 0.4) == "mined"
    assert ask(cache, transactions, 0.3) == "memory"  # 1.5 and 2 of 5 transactions are 2


def test_other_transactions_and_engines_are_another_question(cache, transactions, forget):
    assert ask(cache, transactions, 0.4) == "mined"
    assert ask(cache, Transactions.from_lists(LISTS[:4]), 0.5) == "mined"
    assert ask(cache, transactions, 0.4, engine=MlxtendEngine()) == "mined"
    forget()
    assert ask(cache, transactions, 0.4, engine=MlxtendEngine()) == "file"


@pytest.mark.parametrize("where", ["memory", "file"])
def test_known_itemsets_are_refused_by_a_budget_with_what_is_true_of_them(cache, transactions, forget, where):
    ask(cache, transactions, 0.2)
    if where == "file":
        forget()
    n_itemsets = len(mine(transactions, 0.2))
    allowed = Budget(max_itemsets=n_itemsets)
    assert len(cache.get_or_mine(transactions, 0.2, None, BitsetEngine(), allowed)[0]) == n_itemsets
    with pytest.raises(BudgetError) as error:
        cache.get_or_mine(transactions, 0.2, None, BitsetEngine(), Budget(max_itemsets=n_itemsets - 1))
    assert str(error.value) == (
        f"max_itemsets is {n_itemsets - 1}; there are {n_itemsets} at min_support 0.2, by what was mined "
        "before. Raise min_support, to 0.4, or raise "
        f"max_itemsets to {n_itemsets}."
    )
    assert len(mine(transactions, 0.4)) < n_itemsets
    cache.get_or_mine(Transactions.from_lists([["a", "b"]]), 1.0, None, BitsetEngine())
    with pytest.raises(BudgetError, match=r"mined before\. Raise max_itemsets to 3\.$"):
        cache.get_or_mine(
            Transactions.from_lists([["a", "b"]]), 1.0, None, BitsetEngine(), Budget(max_itemsets=2)
        )


def test_another_number_of_threads_is_the_same_question(cache, transactions, forget):
    assert ask(cache, transactions, 0.4, engine=BitsetEngine(1)) == "mined"
    assert ask(cache, transactions, 0.4, engine=BitsetEngine(2)) == "memory"
    forget()
    assert ask(cache, transactions, 0.4, engine=BitsetEngine()) == "file"


def test_items_keep_their_type(cache, forget):
    for lists in ([[1, 2]], [["1", "2"]], [[1.0, 2.0]]):
        assert ask(cache, Transactions.from_lists(lists), 1.0) == "mined"


def test_what_answers_less_is_deleted(cache, transactions):
    ask(cache, transactions, 0.6, 2)
    ask(cache, transactions, 0.2)
    assert len(list(cache.path.iterdir())) == 1


def test_the_oldest_make_room(cache, transactions, tmp_path):
    ask(cache, transactions, 0.6)
    (first,) = cache.path.iterdir()
    os.utime(first, (1, 1))
    size = first.stat().st_size
    small = ItemsetCache(folder=str(cache.path), max_bytes=int(1.5 * size))
    ask(small, Transactions.from_lists(LISTS[:4]), 0.75)
    (left,) = cache.path.iterdir()
    assert left != first


def test_nothing_is_kept_where_there_is_no_room(cache, transactions):
    none = ItemsetCache(folder=str(cache.path), max_bytes=0)
    assert ask(none, transactions, 0.2) == "mined"
    assert not cache.path.exists()


def test_not_enabled(cache, transactions):
    off = ItemsetCache(enabled=False, folder=str(cache.path))
    assert ask(off, transactions, 0.2) == ask(off, transactions, 0.2) == "mined"
    assert not cache.path.exists()


def compressed(content):
    """Say in the list at the end of a zip file that its first file was compressed by an unknown method."""
    place = content.index(b"PK\1\2") + 10
    return content[:place] + bytes([99]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:100],
        lambda content: b"",  # as a power cut leaves it
        compressed,
    ],
    ids=["cut", "empty", "unknown method"],
)
def test_a_broken_file_is_told_and_mined_again(cache, transactions, forget, caplog, damage):
    ask(cache, transactions, 0.2)
    (file,) = cache.path.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    forget()
    assert ask(cache, transactions, 0.2) == "mined"
    assert "cannot be read and is mined again" in caplog.text
    forget()
    assert ask(cache, transactions, 0.2) == "file"


def test_a_file_that_cannot_be_marked_as_used_answers(cache, transactions, forget, caplog, monkeypatch):
    ask(cache, transactions, 0.2)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "utime", refuse)
    forget()
    assert ask(cache, transactions, 0.2) == "file"
    assert not caplog.text


def test_a_foreign_file_is_left_alone(cache, transactions, forget):
    ask(cache, transactions, 0.2)
    (file,) = cache.path.iterdir()
    foreign = file.with_name(file.name.replace("-all", "-some"))
    foreign.write_text("not ours")
    forget()
    assert ask(cache, transactions, 0.2) == "file"


def test_a_folder_that_cannot_be_made_is_told(tmp_path, transactions, forget, caplog):
    (tmp_path / "file").write_text("")
    forget()
    cache = ItemsetCache(folder=str(tmp_path / "file" / "itemsets"))
    assert ask(cache, transactions, 0.2) == "mined"
    assert "Itemsets cannot be kept in" in caplog.text


def test_many_writers(cache):
    """Each thread forgets what the others know, writes, reads and takes away in the same folder."""
    problems = [(LISTS[:n], support) for n in (3, 4, 5) for support in (0.4, 0.6, 0.8)] * 4
    small = ItemsetCache(folder=str(cache.path), max_bytes=6000)

    def work(problem):
        module._MEMORY.clear()
        return ask(small, Transactions.from_lists(problem[0]), problem[1])

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, problems)) <= {"mined", "memory", "file"}
    assert not [path for path in cache.path.iterdir() if path.suffix != ".npz"]
    assert sum(path.stat().st_size for path in cache.path.iterdir()) <= 6000


def test_another_process_finds_it(cache, transactions):
    ask(cache, transactions, 0.2)
    program = (
        "from recsys import Transactions; from recsys.mining import BitsetEngine, ItemsetCache\n"
        f"cache = ItemsetCache(folder={str(cache.path)!r})\n"
        f"print(cache.get_or_mine(Transactions.from_lists({LISTS!r}), 0.4, 2, BitsetEngine())[1])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "file"


def test_bad_parameters():
    with pytest.raises(ParameterError, match=r"max_bytes must be an integer of at least 0. Got -1"):
        ItemsetCache(max_bytes=-1)
