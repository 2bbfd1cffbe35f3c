import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from recsys.data import Histories, Nouns
from recsys.errors import DataFormatError, DataNotFoundError, OutputError, ParameterError
from recsys.models.bundle import Bundle, flatten
from recsys.models.bundle_folder import digest
from recsys.recommenders.popularity import PopularityModel
from tests.models.problems import LIKES, bundle_of, long, wide
from tests.recommenders.problems import ALL


def kept(bundle, folder):
    bundle.save(folder)
    return Bundle.load(folder)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("train", [long, wide])
def test_a_loaded_bundle_answers_as_the_saved_one(name, train, tmp_path):
    bundle = bundle_of(name, train())
    loaded = kept(bundle, tmp_path / "bundle")
    likes = [*LIKES, ["a", "c"], ["g"]]
    for exclude_seen in (True, False):
        expected = bundle.recommend(likes, 12, exclude_seen, n_reasons=5)
        assert loaded.recommend(likes, 12, exclude_seen, n_reasons=5) == expected
    assert loaded.metadata == {"recommender": name}
    assert loaded.item_ids == bundle.item_ids
    for user in bundle.histories.users.tolist():
        assert flatten(loaded.steps_of(user)) == flatten(bundle.steps_of(user))
    assert loaded.histories is loaded.model.train
    ours, theirs = bundle.catalog, loaded.catalog
    assert (ours.item_id.dtype.kind, ours.title, ours.categories) == (
        theirs.item_id.dtype.kind,
        theirs.title,
        theirs.categories,
    )


def test_the_words_of_a_catalog_are_kept(tmp_path):
    bundle = bundle_of("popularity")
    words = Nouns("product", "products", "aisle", "aisles")
    kinds = tuple(("Food", item) for item in bundle.catalog.title)
    catalog = replace(bundle.catalog, categories=kinds, levels=("department", "aisle"), nouns=words)
    found = kept(replace(bundle, catalog=catalog), tmp_path / "bundle").called
    assert (found.levels, found.nouns) == (("department", "aisle"), words)
    assert found.categories[: len(kinds)] == kinds


def test_histories_may_be_others_than_those_learnt_from(tmp_path):
    train = long()
    other = replace(train, users=train.users + 100)
    loaded = kept(replace(bundle_of("als"), histories=other), tmp_path)
    assert flatten(loaded.steps_of(100)) == flatten(bundle_of("als").steps_of(0))
    assert loaded.steps_of(0) is None


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_pickled(name, tmp_path):
    bundle_of(name).save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz", ".parquet"}
    for path in tmp_path.glob("*.npz"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                values = np.load(io.BytesIO(archive.read(member)), allow_pickle=False)
                assert values.dtype.kind in "biufU"


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="not empty"):
        bundle_of("rules").save(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        bundle_of("rules").save(tmp_path / "file")


def test_a_model_of_ones_own_is_refused(tmp_path):
    bundle = bundle_of("popularity")

    class Own(type(bundle.model)):
        pass

    with pytest.raises(ParameterError, match=r"model must be of a class of recsys.recommenders, to be saved"):
        replace(bundle, model=Own(bundle.histories)).save(tmp_path)


class OwnModel(PopularityModel):
    pass


def test_a_trusted_model_of_ones_own_is_saved_and_loaded(tmp_path, monkeypatch):
    bundle = bundle_of("popularity")
    bundle = replace(bundle, model=OwnModel(bundle.histories))
    name = f"{__name__}.OwnModel"
    with pytest.raises(ParameterError, match=f"export RECSYS_TRUSTED={name}$"):
        bundle.save(tmp_path)
    monkeypatch.setenv("RECSYS_TRUSTED", name)
    assert type(kept(bundle, tmp_path).model) is OwnModel
    monkeypatch.delenv("RECSYS_TRUSTED")
    with pytest.raises(
        DataFormatError, match=f"kind must be a class of recsys.recommenders.* export RECSYS_TRUSTED={name}"
    ):
        Bundle.load(tmp_path)


def test_bundles_hold_the_models_of_all_recommenders():
    fitted = {type(bundle_of(name, train()).model) for name in ALL for train in (long, wide)}
    modules = "rule_model.RuleModel learned_rules.LearnedRuleModel popularity.PopularityModel als.ALSModel"
    modules += " item_knn.ItemKNNModel ease.PrimalEASE ease.DualEASE hybrid.HybridModel"
    modules += " tifuknn.TIFUKNNModel up_cf.UPCFModel"
    names = [f"recsys.recommenders.{module}" for module in modules.split()]
    assert sorted(f"{model.__module__}.{model.__qualname__}" for model in fitted) == sorted(names)


def test_no_bundle(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"There is no bundle in .*: no bundle\.json"):
        Bundle.load(tmp_path / "nothing")


def spoil_description(folder, **values):
    content = json.loads((folder / "bundle.json").read_text()) | values
    (folder / "bundle.json").write_text(json.dumps(content | {"sha256": digest(content)}))


def edit_description(folder, old, new):
    text = (folder / "bundle.json").read_text()
    assert old in text
    (folder / "bundle.json").write_text(text.replace(old, new))


def list_file(folder, name):
    """Add a file to a bundle, with its digest in the description."""
    (folder / name).write_text("x")
    files = json.loads((folder / "bundle.json").read_text())["files"]
    stamp = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    spoil_description(folder, files=files | {name: stamp})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "bundle.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "bundle.json").write_text("[]"), "does not describe a bundle"),
        (lambda f: spoil_description(f, version=99), "of version 99, and this recsys reads version 5"),
        (lambda f: spoil_description(f, version=1), "of version 1, and this recsys reads version 5"),
        (
            lambda f: spoil_description(f, kind="magic"),
            "damaged: ParameterError: kind must be a class of recsys.recommenders",
        ),
        (lambda f: spoil_description(f, kind="recsys.recommenders.rules.np"), "damaged: TypeError"),
        (lambda f: spoil_description(f, kind="recsys.recommenders.gone.Model"), "damaged: KeyError"),
        (lambda f: spoil_description(f, kind=5), "damaged: AttributeError"),
        (lambda f: spoil_description(f, settings={}), "damaged: KeyError"),
        (lambda f: spoil_description(f, files={}), "holds 'catalog.parquet', which is no part of the bundle"),
        (lambda f: list_file(f, "../evil.npz"), r"holds '\.\./evil\.npz', which is no part of the bundle"),
        (lambda f: list_file(f, "evil.py"), "holds 'evil.py', which is no part of the bundle"),
        (lambda f: (f / "evil.py").touch(), "holds 'evil.py', which is no part of the bundle. Remove it"),
        (lambda f: (f / "more").mkdir(), "holds 'more', which is no part of the bundle"),
        (
            lambda f: edit_description(f, '"metric": "lift"', '"metric": "LIFT"'),
            "json is damaged: it is not what",
        ),
        (lambda f: (f / "model.npz").unlink(), "there is no file model.npz"),
        (lambda f: (f / "train.npz").write_bytes(b"PK"), "train.npz is damaged: it is not what was written"),
    ],
)
def test_damage_is_told(tmp_path, spoil, message):
    bundle_of("rules").save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(DataFormatError, match=message):
        Bundle.load(tmp_path)


def test_metadata_are_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(bundle_of("rules"), metadata={"lift": float("inf")}).save(tmp_path)


def test_what_else_is_rated_is_kept(tmp_path):
    bundle = bundle_of("item_knn")
    users, items = bundle.histories.users, bundle.histories.items
    pairs = users[[0, 0, 3]], items[[7, 9, 8]]
    rated = replace(bundle, seen=Histories.from_pairs(*pairs, None, users, items))
    loaded = kept(rated, tmp_path)
    assert [loaded.seen_of(user) for user in users.tolist()] == [
        rated.seen_of(user) for user in users.tolist()
    ]
    assert loaded.seen_of(users[0]) == items[[7, 9]].tolist()
