"""What is secret is in no file of a run or sweep, on no record and in no output."""

import pytest
import yaml

SECRET = "hunter2"
FAST = ("recommender=popularity", "evaluation=none", "cache.enabled=false", "output.max_rules=1")
TYPED = (f"+db.password={SECRET}", f'+url="postgresql://me:{SECRET}@host/db?sslpassword={SECRET}"')


def holding(folder):
    """Return the files that hold the secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.filterwarnings("ignore:Query string argument:sqlalchemy.exc.SAWarning")  # of SQLite it is none
def test_a_sweep(call, tmp_path):
    storage = f'hydra.sweeper.storage="sqlite:///study.db?password={SECRET}"'
    search = ("apriori.min_support=interval(0.3,0.4)", "hydra.sweeper.n_trials=1", "hydra/sweeper=optuna")
    store = "hydra.callbacks.mlflow.tracking_uri=sqlite:///mlflow.db"
    outcome = call("-m", "hydra.sweep.dir=sweep", *search, *FAST, *TYPED, storage, store, tracking=True)
    assert outcome.code == 0, outcome.stderr
    assert SECRET not in outcome.stdout + outcome.stderr
    assert "storage: sqlite:///study.db?password=***" in outcome.stdout
    assert (tmp_path / "sweep" / "report.html").exists()
    assert holding(tmp_path) == []
    job = yaml.safe_load((tmp_path / "sweep/0/.hydra/config.yaml").read_text())
    assert (job["db"], job["url"]) == ({"password": "***"}, "postgresql://me:***@host/db?sslpassword=***")
    typed = yaml.safe_load((tmp_path / "sweep/multirun.yaml").read_text())["hydra"]["overrides"]["task"]
    assert "+db.password=***" in typed


def test_jobs_of_hydras_own_sweeper_of_which_one_fails(call, tmp_path):
    outcome = call("-m", "hydra.sweep.dir=sweep", "apriori.min_support=0.3,7", *FAST, *TYPED)
    assert outcome.code == 1
    assert "Error executing job with overrides" in outcome.stderr
    assert SECRET not in outcome.stdout + outcome.stderr
    assert holding(tmp_path) == []


def test_a_storage_that_does_not_answer(call):
    storage = (
        f'hydra.sweeper.storage="postgresql+psycopg://me@127.0.0.1:1/db?connect_timeout=1&password={SECRET}"'
    )
    outcome = call("-m", "hydra/sweeper=optuna", "apriori.min_support=interval(0.3,0.4)", storage)
    assert outcome.code == 1
    assert "hydra.sweeper.storage cannot be used: postgresql+psycopg://me@127.0.0.1:1/db" in outcome.stderr
    assert SECRET not in outcome.stdout + outcome.stderr
