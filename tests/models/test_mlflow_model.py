"""A bundle logged as an MLflow model answers as it did, in whatever process it is loaded."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from urllib.request import Request, urlopen

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import get_model_info
from mlflow.pyfunc import load_model

from recsys.cli import recommend
from recsys.data import ItemCatalog
from recsys.datasets.search import TitleError
from recsys.errors import DataNotFoundError, ParameterError, RegistryError
from recsys.models.mlflow_model import (
    input_example,
    load_bundle,
    log_model,
    requirements,
    signature,
)
from recsys.models.store import mlflow_errors, pointed_at
from tests.conftest import ROOT
from tests.models.problems import LIKES, bundle_of, wide
from tests.models.test_bundle_options import of_orders


@pytest.fixture(scope="module")
def logged(empty_store, tmp_path_factory):
    """A bundle, MLflow's address of it, and the store."""
    folder = tmp_path_factory.mktemp("logged")
    shutil.copy(empty_store, folder / "mlflow.db")
    uri = f"sqlite:///{folder}/mlflow.db"
    client, bundle = MlflowClient(uri), bundle_of("blend")
    experiment = client.create_experiment("recsys", artifact_location=f"file://{folder}/artifacts")
    run = client.create_run(experiment).info.run_id
    model = log_model(bundle, uri, experiment, run)
    client.create_registered_model("recsys")
    source = client.get_logged_model(model).artifact_location
    client.create_model_version("recsys", source, run, model_id=model)
    client.set_registered_model_alias("recsys", "champion", "1")
    return bundle, model, uri


@pytest.fixture(scope="module")
def shipped(logged):
    """Where the logged files are, and their paths there before Python adds byte code to what it loads."""
    _, model, uri = logged
    folder = Path(MlflowClient(uri).get_logged_model(model).artifact_location.removeprefix("file://"))
    return folder, [path.relative_to(folder) for path in folder.rglob("*")]


@pytest.fixture(scope="module")
def loaded(logged, shipped):
    _, model, uri = logged
    with pointed_at(uri):
        return load_model(f"models:/{model}")


def told(bundle, likes, *arguments):
    return [[asdict(one) for one in row] for row in bundle.recommend(likes, *arguments)]


def as_json(answer):
    return json.loads(json.dumps(answer))


def test_it_predicts_what_the_bundle_recommends(logged, loaded):
    bundle, frame = logged[0], pd.DataFrame({"likes": LIKES})
    assert loaded.predict(frame) == told(bundle, LIKES, 10, True, 0)
    params = {"k": 3, "exclude_seen": False, "explain": True}
    assert loaded.predict(frame, params) == told(bundle, LIKES, 3, False, 3)


def test_likes_are_ids_or_titles(logged, loaded):
    bundle = logged[0]
    assert loaded.predict({"likes": ["title 70", 10]}) == told(bundle, [[70, 10]])
    with pytest.raises(TitleError, match="No item is called 'Zzzzzzz'"):
        loaded.predict({"likes": ["Zzzzzzz"]})
    orders = [[0, 70], 20, ["title 70"]]
    assert loaded.predict({"likes": orders}) == told(bundle, [[[0, 70], 20, [70]]])
    for wrong in ([0.5], [[0, [10]]], [None]):
        with pytest.raises(ParameterError, match="likes must be a list of item ids and titles a row"):
            loaded.predict({"likes": wrong})


def test_params_limit_the_lists(logged, loaded):
    bundle, frame = logged[0], pd.DataFrame({"likes": LIKES})
    options = {
        "exclude_items": [20, 30],
        "categories": ["Drama"],
        "max_per_category": 3,
        "popularity_penalty": 0.5,
    }
    expected = bundle.recommend(LIKES, 10, **options)
    assert loaded.predict(frame, options) == [[asdict(one) for one in row] for row in expected]
    expected = bundle.recommend(LIKES, 2, only_items=[20, 50, 110])
    given = {"only_items": [20, 50, 110], "k": 2}
    assert loaded.predict(frame, given) == [[asdict(one) for one in row] for row in expected]
    assert loaded.predict(frame, {"only_items": []}) == told(bundle, LIKES)


def test_what_else_is_seen_is_ids_or_titles_or_absent(logged, loaded):
    bundle = logged[0]
    first, second = (one.item_id for one in bundle.recommend([[0]], 2)[0])
    seen = [[first, f"title {second}" if f"Title {second}" in bundle.catalog.title else second], None]
    answer = loaded.predict(pd.DataFrame({"likes": [[0], [0]], "seen": seen}))
    assert answer == told(bundle, [[0], [0]], 10, True, 0, [[first, second], []])
    assert not {first, second} & {one["item_id"] for one in answer[0]}
    assert answer[1][0]["item_id"] == first
    frame = pd.DataFrame({"likes": [[0]], "seen": [[first]]})
    assert loaded.predict(frame, {"exclude_seen": False})[0][0]["item_id"] in (0, first)
    with pytest.raises(ParameterError, match="seen must be a list of item ids and titles a row"):
        loaded.predict(pd.DataFrame({"likes": [[0]], "seen": [[[0]]]}))


def test_it_says_what_it_takes_and_is_made_of(logged, shipped):
    bundle, model, uri = logged
    with pointed_at(uri):
        info = get_model_info(f"models:/{model}")
    columns = [(column.name, column.required) for column in info.signature.inputs]
    assert columns == [("likes", True), ("seen", False)]
    names = "k exclude_seen explain max_per_category popularity_penalty exclude_items only_items categories"
    assert [param.name for param in info.signature.params] == names.split()
    assert info.metadata == bundle.metadata
    logged_model = MlflowClient(uri).get_logged_model(model)
    files, paths = shipped
    assert Path("code/recsys/models/bundle.py") in paths
    assert not [path for path in paths if path.suffix in (".pkl", ".pickle")]
    code = [path for path in paths if path.is_relative_to("code")]  # MLflow itself adds byte code beside it
    assert not [path for path in code if path.name in ("conf", "__pycache__")]
    assert Path("code/recsys/datasets/data") not in paths
    pinned = (files / "requirements.txt").read_text().split()
    assert f"mlflow=={version('mlflow')}" in pinned
    assert f"numba=={version('numba')}" in pinned
    example = json.loads((files / "input_example.json").read_text())
    assert example["columns"] == ["likes"]
    (output,) = MlflowClient(uri).get_run(logged_model.source_run_id).outputs.model_outputs
    assert output.model_id == model


def test_what_is_seen_is_left_out_by_default_also_where_items_are_bought_again():
    defaults = {param.name: param.default for param in signature(of_orders()).params}
    assert defaults["exclude_seen"] is None  # MLflow passes it on


def test_the_library_of_als_is_required_by_it_alone():
    assert f"implicit=={version('implicit')}" in requirements(bundle_of("als"))
    assert not [one for one in requirements(bundle_of("blend")) if one.startswith("implicit")]


def test_the_example_is_of_ids_and_a_title():
    (ids,), (title,) = input_example(bundle_of("rules"))["likes"].map(lambda row: row[:1])
    assert title in (ids, f"Title {ids}")
    assert len(input_example(bundle_of("rules", wide()))) == 2


@pytest.mark.parametrize("address", ["models:/recsys@champion", "models:/recsys/1", "models:/{model}"])
def test_the_bundle_comes_back(logged, address):
    bundle, model, uri = logged
    again = load_bundle(address.format(model=model), uri)
    assert again.recommend(LIKES, n_reasons=2) == bundle.recommend(LIKES, n_reasons=2)


def test_the_terminal_takes_ids_where_there_are_no_titles(tmp_path, capsys):
    bundle = replace(bundle_of("rules"), catalog=ItemCatalog.empty())
    bundle.save(tmp_path / "bundle")
    assert recommend.main(["--model", str(tmp_path / "bundle"), "--likes", "10", "70"]) == 0
    assert capsys.readouterr().out.startswith("You liked 10; 70.")


def test_the_bundle_of_a_folder(logged, tmp_path):
    bundle, model, uri = logged
    bundle.save(tmp_path / "bundle")
    model_folder = MlflowClient(uri).get_logged_model(model).artifact_location.removeprefix("file://")
    for folder in (tmp_path / "bundle", model_folder):
        assert load_bundle(str(folder)).recommend(LIKES) == bundle.recommend(LIKES)


def test_the_terminal_takes_addresses_and_bundles(logged, tmp_path, monkeypatch, capsys):
    bundle, _, uri = logged
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    bundle.save(tmp_path / "bundle")
    for model in ("models:/recsys@champion", str(tmp_path / "bundle")):
        assert recommend.main(["--model", model, "--likes", "title 10", "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert [one["item_id"] for one in answer["recommendations"]] == [
            one.item_id for one in bundle.recommend([[10]])[0]
        ]
        first = answer["recommendations"][0]["item_id"]
        options = ["--likes", "title 10", "--seen", str(bundle.catalog.titles([first])[0]), "--json"]
        assert recommend.main(["--model", model, *options]) == 0
        assert json.loads(capsys.readouterr().out)["recommendations"][:9] == answer["recommendations"][1:]


@pytest.mark.parametrize("address", ["models:/nobody@champion", "models:/recsys@nobody", "models:/recsys/99"])
def test_what_is_not_registered(logged, address):
    with pytest.raises(DataNotFoundError, match="recsys registry list"):
        load_bundle(address, logged[2])


def test_no_address_of_a_model(logged):
    with pytest.raises(ParameterError, match=r"model must be an address such as models:/recsys@champion"):
        load_bundle("models:/recsys/Production", logged[2])


def test_an_mlflow_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"MLflow at http://127\.0\.0\.1:9"):
        load_bundle("models:/recsys@champion", "http://127.0.0.1:9")


def test_an_error_of_mlflow_is_one_line():
    with pytest.raises(RegistryError) as error, mlflow_errors("http://user:secret@host"):
        raise MlflowException("2 failures:\n##### File a #####\nnot there")
    told = "2 failures: ##### File a ##### not there (MLflow at http://***@host)"
    assert str(error.value) == told


# To compile the kernels anew, in a folder where they never were, takes half a minute.
NOT_COMPILED = {"NUMBA_DISABLE_JIT": "1"}

ELSEWHERE = """
import sys
# As where recsys is not installed, nor what serving does without.
sys.path = [path for path in sys.path if path not in ("", {root!r})]
sys.modules |= dict.fromkeys(("hydra", "omegaconf", "optuna", "matplotlib", "pooch", "implicit"))
from mlflow.pyfunc import load_model
model = load_model({uri!r})
import recsys, json, pandas
assert recsys.__file__.startswith({files!r}), recsys.__file__
print(json.dumps(model.predict(pandas.DataFrame({{"likes": {likes!r}}}), {{"explain": True}})))
"""


def test_it_loads_where_nothing_of_the_project_is(logged, tmp_path):
    bundle, model, uri = logged
    files = MlflowClient(uri).get_logged_model(model).artifact_location.removeprefix("file://")
    program = ELSEWHERE.format(root=str(ROOT), uri=files, files=files, likes=LIKES)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | NOT_COMPILED,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == as_json(told(bundle, LIKES, 10, True, 3))


def free_port():
    """Return a port below those that other tests get by asking for port 0, which MLflow does not take."""
    with socket.socket() as free:
        for port in range(20_000 + os.getpid() % 10_000, 32_768):
            with suppress(OSError):
                free.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no port is free")


def test_mlflow_serves_it(logged, tmp_path):
    bundle, _, uri = logged
    programs = Path(sys.executable).parent
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    command = [programs / "mlflow", "models", "serve", "-m", "models:/recsys@champion"]
    port = str(free_port())
    server = subprocess.Popen(
        [*command, "--env-manager", "local", "--host", "127.0.0.1", "--port", port],
        cwd=tmp_path,
        env=os.environ | NOT_COMPILED | {"MLFLOW_TRACKING_URI": uri, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with server, _killed_at_the_end(server):
        said = []
        for line in server.stdout:
            said.append(line)
            if "Uvicorn running" in line:
                break
        assert "Uvicorn running" in said[-1], "".join(said)
        question = {
            "dataframe_records": [{"likes": likes} for likes in LIKES],
            "params": {"k": 3, "explain": True},
        }
        address, kind = f"http://127.0.0.1:{port}/invocations", {"Content-Type": "application/json"}
        with urlopen(Request(address, json.dumps(question).encode(), kind), timeout=60) as response:
            answer = json.load(response)
    assert answer["predictions"] == as_json(told(bundle, LIKES, 3, True, 3))


@contextmanager
def _killed_at_the_end(server):
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself, as the test then says
            os.killpg(server.pid, signal.SIGKILL)
