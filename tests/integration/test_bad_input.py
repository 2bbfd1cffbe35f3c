"""Bad input ends with one line that names key, rule, value and cure, and an exit code that is not 0."""

import ctypes
import os
import shutil
import subprocess
import sys

import pytest

from tests import programs

HEADER = "userId,movieId,rating,timestamp\n"


def error_of(outcome):
    """The message: what stands between Hydra's two lines about it."""
    assert outcome.code != 0, outcome.stdout
    assert "Traceback" not in outcome.stderr
    lines = [line for line in outcome.stderr.splitlines() if line.strip()]
    return [
        line for line in lines if not line.startswith(("Error executing job", "Set the environment variable"))
    ]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("apriori.min_support=0", "apriori.min_support must be a number in (0, 1]. Got 0."),
        ("apriori.min_support=1.5", "apriori.min_support must be a number in (0, 1]. Got 1.5."),
        ("apriori.min_support=abc", "apriori.min_support must be a number in (0, 1]. Got 'abc'."),
        ("apriori.min_support=null", "apriori.min_support must be a number in (0, 1]. Got None."),
        ("apriori.metric=left", "apriori.metric must be one of "),
        ("apriori.min_threshold=high", "apriori.min_threshold must be a finite number. Got 'high'."),
        ("apriori.min_threshold=nan", "apriori.min_threshold must be a finite number. Got nan."),
        ("apriori.max_len=0", "apriori.max_len must be "),
        ("preprocessing.min_rating=good", "preprocessing.min_rating must be a finite number. Got 'good'."),
        ("preprocessing.min_rating=6", "preprocessing.min_rating=6 drops the last of 100,004 ratings"),
        ("preprocessing.likes=some", "preprocessing.likes must be one of auto, min_rating, user_mean, all."),
        ("objective.metrics=[lift]", "objective.metrics must be one of n_transactions, "),
        ("output.max_rules=-1", "output.max_rules must be an integer of at least 0. Got -1."),
        ("dataset.path=nowhere", "dataset.path"),
        ("dataset=csv", "dataset.path must be given."),
        ("output=null", "output must be a group of settings"),
        ("apriori.metric=[lift]", "apriori.metric must be one of "),
    ],
)
def test_a_bad_value(call, override, message):
    (line,) = error_of(call(override))
    assert message in line


def test_an_unknown_metric_names_the_valid_ones(call):
    (line,) = error_of(call("apriori.metric=left"))
    for metric in ("support", "confidence", "lift", "leverage", "conviction"):
        assert metric in line
    assert "Got 'left'" in line


def test_an_unknown_option_of_a_group_is_hydras_message(call):
    outcome = call("engine=abacus")
    assert outcome.code != 0
    assert "Could not find 'engine/abacus'" in outcome.stderr
    assert "bitset" in outcome.stderr  # the options there are


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (b"", "empty"),
        (HEADER.encode(), "no rows"),
        (b"userId,movieId,timestamp\n1,1,0\n", "no column 'rating'"),
        (f"{HEADER}1,1,4.0,0\n1,2,good,0\n".encode(), "good"),
        (f"{HEADER}1,1,4.0,0\n1,2,,0\n".encode(), "line 3, column 'rating': the value '' is missing"),
        (f"{HEADER}1,1,4.0,0\n1,2,NaN,0\n".encode(), "line 3, column 'rating': the value 'NaN'"),
        (f"{HEADER}1,1,4.0,0\n1,1,2.0,5\n".encode(), "duplicates"),
    ],
    ids=["empty", "header", "column", "text", "missing", "nan", "duplicates"],
)
def test_a_bad_ratings_file(call, tmp_path, ratings, message):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ratings.csv").write_bytes(ratings)
    (folder / "movies.csv").write_text("movieId,title,genres\n1,Heat (1995),Crime\n2,Toys (1992),Comedy\n")
    (line,) = error_of(call("dataset.path=mine"))
    assert "ratings.csv" in line
    assert message in line


def test_duplicates_by_the_rule_that_was_asked_for(call, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ratings.csv").write_text(f"{HEADER}1,1,4.0,0\n1,1,2.0,5\n1,2,5.0,9\n")
    (folder / "movies.csv").write_text("movieId,title,genres\n1,Heat (1995),Crime\n2,Toys (1992),Comedy\n")
    # The last rating of movie 1 is no like: the transaction holds movie 2 alone, the best of two holds both.
    for rule, n_items in [("last", 1), ("max", 2)]:
        rules = f"dataset.duplicates={rule}"
        outcome = call("dataset.path=mine", rules, "evaluation=none", "hydra.run.dir=out")
        assert outcome.code == 0, outcome.stderr
        assert f'"n_items": {n_items}' in (tmp_path / "out/metrics.json").read_text()


def test_a_failing_job_ends_a_plain_multirun(call):
    assert call("-m", "apriori.min_support=0.2,7").code != 0


def test_an_output_folder_that_cannot_be_made(call, tmp_path):
    (tmp_path / "file").write_text("")
    for key, mode in [("hydra.run.dir", []), ("hydra.sweep.dir", ["-m"])]:
        (line,) = error_of(call(*mode, f"{key}=file/out"))
        assert line.startswith(f"{key} must be a folder that can be written. Got 'file/out'")


def test_a_failed_run_does_not_keep_the_results_of_the_one_before(call, tmp_path):
    assert call("hydra.run.dir=out").code == 0
    assert call("hydra.run.dir=out", "apriori.min_support=7").code != 0
    assert not (tmp_path / "out/metrics.json").exists()
    assert not (tmp_path / "out/rules.parquet").exists()
    assert not (tmp_path / "out/rules.csv").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="gives up root's rights over file modes the Linux way")
def test_an_unreadable_data_folder(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o000)
    done = run_obeying_file_modes(tmp_path, f"dataset.path={folder}")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(folder) in done.stderr
    folder.chmod(0o755)


@pytest.mark.skipif(sys.platform != "linux", reason="gives up root's rights over file modes the Linux way")
def test_a_read_only_output_folder(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    done = run_obeying_file_modes(tmp_path, f"hydra.run.dir={folder}/out")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("hydra.run.dir must be a folder that can be written.")
    assert "Permission denied" in line


def run_obeying_file_modes(cwd, override):
    return subprocess.run(
        [sys.executable, "-m", "recsys", override, "hydra/callbacks=untracked"],
        capture_output=True, text=True, check=False, cwd=cwd, preexec_fn=_obey_file_modes,
    )  # fmt: skip


def _obey_file_modes():
    """Root writes wherever it likes; drop that right (CAP_DAC_OVERRIDE) for the program started next."""
    if os.geteuid() == 0:
        PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # noqa: N806
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def test_a_tracking_store_that_cannot_be_opened(call, tmp_path):
    (tmp_path / "file").write_text("")
    address = "hydra.callbacks.mlflow.tracking_uri=sqlite:///file/mlflow.db"
    outcome = call(address, "apriori.min_support=0.3", "hydra.run.dir=out", tracking=True)
    assert outcome.code == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("hydra.callbacks.mlflow.tracking_uri must be a database that can be opened")
    assert line.endswith("Without a record: '~hydra.callbacks.mlflow'")
    assert not (tmp_path / "out/metrics.json").exists()


def test_a_closed_network(call, tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # A proxy that nobody listens at: the request goes no further than this machine.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (line,) = error_of(call("dataset=ml_1m"))
    assert str(tmp_path / "data") in line
    assert "ml-1m" in line
    assert "dataset.path" in line
    assert not shutil.os.path.exists(tmp_path / "cache/recsys/ml-1m")


SWEEP = ["-m", "hydra/sweeper=optuna", "hydra.sweeper.n_trials=8", "hydra.sweeper.study_name=s"]
SEARCH = "apriori.min_support=interval(0.2,0.5)"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["+hydra.sweeper.params.x='interval(0.2'"],
            "hydra.sweeper.params.x: interval(0.2 cannot be read: ",
        ),
        (["+hydra.sweeper.params.x='choice()'"], "hydra.sweeper.params.x: choice() cannot be read: "),
        (
            ["apriori.min_support=interval(0.5,0.2)"],
            "apriori.min_support=interval(0.5,0.2): the interval must go from a lower to a higher number.",
        ),
        (
            ["apriori.min_support=tag(log,interval(0,1))"],
            "apriori.min_support=tag(log,interval(0,1)): an interval tagged log must start above 0.",
        ),
        (
            [SEARCH, "hydra/sweeper/sampler=cmaes", "objective=lift_and_rules"],
            "CmaEsSampler has one objective, and hydra.sweeper.direction names 2. Use ",
        ),
        ([SEARCH, "hydra/sweeper/sampler=grid"], "apriori.min_support is continuous, and the grid sampler "),
        (
            [SEARCH, "apriori.min_support=0.2"],
            "apriori.min_support=0.2: a parameter is searched or fixed, ",
        ),
        (
            [SEARCH, "hydra.sweeper.storage=nosuchdb://host/db"],
            "hydra.sweeper.storage cannot be used: nosuch",
        ),
        (
            [SEARCH, "hydra.sweeper.storage=journal:file/s.log"],
            "hydra.sweeper.storage cannot be used: journ",
        ),
        ([SEARCH, "hydra.sweeper.storage=journal:file"], "line 1 is not that of a journal, or was damaged: "),
        (
            [SEARCH, "hydra.sweeper.storage=journal:newer"],
            "/newer, line 1: operation 99 is not known to",
        ),
    ],
)
def test_a_bad_sweep(call, tmp_path, overrides, message):
    (tmp_path / "file").write_text("some text\n")
    (tmp_path / "newer").write_text('{"op_code":99}\n')
    (line,) = error_of(call(*SWEEP, *overrides))
    assert message in line
    assert not list((tmp_path / "multirun").glob("*/*/trials.csv"))
    assert (tmp_path / "file").read_text() == "some text\n"


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files the POSIX way")
def test_a_sweep_on_a_full_disk_goes_on_when_there_is_room(call, tmp_path):
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "from recsys.__main__ import main; main()"
    )
    command = [sys.executable, "-c", limited, *SWEEP, SEARCH, "hydra/callbacks=untracked"]
    done = programs.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "multirun/studies/s.log cannot be written: " in done.stderr
    assert "The sweep has ended; what was recorded is kept, and the same command" in done.stderr
    outcome = call(*SWEEP, SEARCH, "hydra.sweep.dir=out")
    assert outcome.code == 0, outcome.stderr
    assert "complete: 8" in (tmp_path / "out/optimization_results.yaml").read_text()
