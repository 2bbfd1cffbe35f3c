"""The composed configs against those of Hydra, and what is left to Hydra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import setup_globals
from hydra.errors import ConfigCompositionException, HydraException
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig

from optuna_sweeper.jobs.fast_launcher.composer import FRACTION, Composer, OverrideParser, is_known_hydra
from optuna_sweeper.jobs.fast_launcher.config_copy import same

pytestmark = pytest.mark.usefixtures("slow_copies")

FILES = {
    "config.yaml": """\
defaults: [_self_, model: small, data: [one], optional extra: null]
x: 1.0
word: a
list: [1, 2, {a: 3}]
nested: {deep: {er: 1, text: '${word}'}}
stamp: ${now:%Y}
home: ${oc.env:NO_SUCH_NAME,none}
sum: ${x}
alias: ${nested}
separator: "="
hydra:
  sweep: {dir: multirun, subdir: "${hydra.job.num}-${x}"}
  job: {config: {override_dirname: {kv_sep: "${separator}", exclude_keys: [word]}}}
""",
    "model/small.yaml": "size: 1\nlayers: {first: 8}\n",
    "model/large.yaml": "size: 100\nlayers: {first: 64, second: '${x}'}\n",
    "data/one.yaml": "one: 1\n",
    "data/two.yaml": "two: 2\nrows: [1, 2]\n",
    "extra/more.yaml": "# @package _global_\nx: 5\nmore: true\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


class Both:
    """A composer, and the loader of Hydra that it stands for."""

    def __init__(self, *overrides: str) -> None:
        hydra = GlobalHydra.instance().hydra
        setup_globals()
        self.loader = hydra.config_loader
        self.master: DictConfig = hydra.compose_config(
            config_name="config",
            overrides=list(overrides),
            run_mode=RunMode.MULTIRUN,
            with_log_configuration=False,
        )
        self.composer = Composer(self.loader, self.master)

    def expected(self, *overrides: str) -> DictConfig:
        return self.loader.load_sweep_config(self.master, list(overrides))

    def calls_of_hydra(self, monkeypatch: pytest.MonkeyPatch, *overrides: str) -> int:
        """Compose, see that it is right, and return how often Hydra was asked."""
        calls = []
        with monkeypatch.context() as patch:
            load = ConfigLoaderImpl.load_configuration
            patch.setattr(
                ConfigLoaderImpl,
                "load_configuration",
                lambda *args, **kwargs: calls.append(1) or load(*args, **kwargs),
            )
            composed = self.composer.compose(overrides)
        assert same(composed, self.expected(*overrides))
        if not is_known_hydra():
            pytest.skip("Hydra 1.3 alone is composed faster")
        return len(calls)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    with initialize_config_dir(str(write(tmp_path_factory.mktemp("conf"), FILES)), version_base="1.3"):
        return Both("hydra.sweep.dir=elsewhere", "x=1,2")


KEYS = [
    "x",
    "word",
    "list",
    "list.0",
    "nested",
    "nested.deep",
    "nested.deep.er",
    "model.layers.first",
    "stamp",
]
KEYS += [
    "data.one",
    "model.layers",
    "home",
    "separator",
    "alias",
    "alias.deep.er",
    "not_there",
    "model",
    "sum",
]
VALUES = [
    "1",
    "-2.5",
    "1e-3",
    "true",
    "null",
    "nan",
    "abc",
    "'a, b'",
    '"it\'s"',
    "'1'",
    "''",
    "a=b",
    "[1,[2]]",
]
VALUES += ["{a:1}", "{deep:{er:[x]}}", "'${x}'", "${word}", "'${oc.env:HOME}'", "'${now:%M}'", "???", "1,2"]
CHOICES = [
    "model=small",
    "model=large",
    "data=two",
    "data=[one,two]",
    "extra=more",
    "+extra@y=more",
    "~extra",
]
CHOICES += ["model=none", "~word", "~nested.deep", "+model=small", "model@other=small", "hydra.job.name=b"]
OVERRIDES = st.one_of(
    st.builds(
        "{}{}={}".format,
        st.sampled_from(["", "", "", "+", "++"]),
        st.sampled_from(KEYS),
        st.sampled_from(VALUES),
    ),
    st.sampled_from(CHOICES),
)


@settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(OVERRIDES, max_size=4))
def test_any_overrides_give_what_hydra_composes(both: Both, overrides: list[str]) -> None:
    try:
        expected: Any = both.expected(*overrides)
    except Exception as error:
        with pytest.raises(type(error)):
            both.composer.compose(overrides)
        return
    for _ in range(2):
        assert same(both.composer.compose(overrides), expected)


@pytest.mark.parametrize(
    "overrides",
    [
        ["x=2"],
        ["word='a, b'", "list=[]", "nested.deep={er:'${x}'}"],
        ["+new=1", "++other.deep=2", "~word"],
        ["model=large", "x=3"],
        ["x=3", "extra=more", "model.layers.first=1", "~nested"],
        ["data=[two]", "data.rows=[3]"],
        ["model={size:5}"],
        ["separator=:", "x=2", "word=b"],
        [],
    ],
)
def test_what_is_composed_once(both: Both, monkeypatch: pytest.MonkeyPatch, overrides: list[str]) -> None:
    both.composer.compose(overrides)
    assert both.calls_of_hydra(monkeypatch, *overrides) == 0


@pytest.mark.parametrize("override", ["hydra.job.name=b", "hydra={job:{name:b}}", "++alias.deep.er=1"])
def test_what_is_left_to_hydra(both: Both, monkeypatch: pytest.MonkeyPatch, override: str) -> None:
    assert [both.calls_of_hydra(monkeypatch, override) for _ in range(2)] == [1, 1]


def test_each_choice_of_files_is_composed_once(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    composer = Composer(both.loader, both.master)
    monkeypatch.setattr(both, "composer", composer)
    jobs = [(f"model={model}", f"x={x}") for x in range(3) for model in ("small", "large")]
    assert [both.calls_of_hydra(monkeypatch, *job) for job in jobs] == [1, 1, 0, 0, 0, 0]


def test_jobs_share_nothing(both: Both) -> None:
    first = both.composer.compose(["x=7"])
    first.nested.deep.er = 5
    first.hydra.job.name = "changed"
    first["list"].append(3)
    assert same(both.composer.compose(["x=7"]), both.expected("x=7"))


OTHERS = ["1", "a", "'0.5'", "[0.5]", " 0.5", "0.5 ", "0_0.5", "00.5", "-0.0"]
FRACTIONS = st.from_regex(FRACTION, fullmatch=True) | st.floats().map(repr)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.sampled_from(["", "+", "++", "~"]),
    st.lists(FRACTIONS | st.sampled_from(OTHERS), min_size=2, max_size=6),
)
def test_numbers_are_read_as_hydra_reads_them(prefix: str, values: list[str]) -> None:
    parser, hydras = OverrideParser(), OverridesParser.create()
    for value in values:
        text = f"{prefix}a.b={value}"
        parsed, expected = parser.parse(text), hydras.parse_override(text)
        assert repr(parsed) == repr(expected)


def test_only_the_first_number_of_a_key_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, parse = [], OverridesParser.parse_override
    monkeypatch.setattr(OverridesParser, "parse_override", lambda *of: parsed.append(of[1]) or parse(*of))
    parser = OverrideParser()
    for value in range(1, 5):
        parser.parse(f"a=0.{value}")
    assert parsed == ["a=0.1"]


@pytest.mark.parametrize("override", ["no_such_key=1", "model=none", "x==(", "x=1,2"])
def test_the_error_is_that_of_hydra(both: Both, override: str) -> None:
    both.composer.compose(["x=1"])
    with pytest.raises(HydraException) as expected:
        both.expected(override)
    with pytest.raises(type(expected.value)) as caught:
        both.composer.compose([override])
    assert str(caught.value) == str(expected.value)


def test_the_folder_a_job_changed_to(both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both.composer.compose(["x=1"])
    monkeypatch.chdir(tmp_path)
    assert both.composer.compose(["x=1"]).hydra.runtime.cwd == str(tmp_path)


# The defaults list and Hydra's settings; two jobs, the second asked twice; how often Hydra composes.
APPS = {
    # One part follows the choice of another.
    "follows": ("db: mysql, schema: '${db}'", "{}", ["db=mysql"], ["db=postgres"], [1, 1, 0]),
    # A resolver may answer otherwise next time.
    "asks": ("db: '${oc.env:WHICH_DB}'", "{}", ["x=1"], ["x=2"], [1, 1, 1]),
    "copies": ("db: mysql", "{job: {env_copy: [WHICH_DB]}}", ["x=1"], ["x=2"], [1, 1, 1]),
    "plain": ("db: mysql", "{}", ["x=1"], ["x=2"], [1, 0, 0]),
    # Hydra takes a mapping for a value and a name for a choice.
    "mapping": ("db: mysql", "{}", ["db={name:b}"], ["db=postgres"], [1, 1, 0]),
}


@pytest.mark.parametrize("name", APPS)
def test_applications(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "asks" and not is_known_hydra():
        pytest.skip("Hydra 1.4 resolves no ${oc.env:...} in a defaults list")
    defaults, hydra, first, second, calls = APPS[name]
    files = {"config.yaml": f"defaults: [_self_, {defaults}]\nx: 0\nhydra: {hydra}\n"}
    files |= {"db/mysql.yaml": "name: m\n", "db/postgres.yaml": "name: p\n"}
    files |= {"schema/mysql.yaml": "columns: 1\n", "schema/postgres.yaml": "columns: 2\n"}
    monkeypatch.setenv("WHICH_DB", "mysql")
    with initialize_config_dir(str(write(tmp_path, files)), version_base="1.3"):
        app = Both()
        found = [app.calls_of_hydra(monkeypatch, *first), app.calls_of_hydra(monkeypatch, *second)]
        monkeypatch.setenv("WHICH_DB", "postgres")
        found.append(app.calls_of_hydra(monkeypatch, *second))
    assert found == calls


def test_a_searchpath_that_the_config_adds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = write(tmp_path / "added", {"model/tiny.yaml": "size: 0\n", "model/huge.yaml": "size: 9\n"})
    config = f"defaults: [_self_, model: tiny]\nx: 1\nhydra: {{searchpath: ['file://{added}']}}\n"
    with initialize_config_dir(str(write(tmp_path / "conf", {"config.yaml": config})), version_base="1.3"):
        app = Both()
        jobs = (["x=1"], ["x=2"], ["model=huge"], ["model=huge", "x=3"])
        assert [app.calls_of_hydra(monkeypatch, *job) for job in jobs] == [1, 0, 1, 0]


def test_a_missing_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"config.yaml": "defaults: [_self_, model: '???']\nx: 1\n", "model/small.yaml": "size: 1\n"}
    with initialize_config_dir(str(write(tmp_path, files)), version_base="1.3"):
        app = Both()
        with pytest.raises(ConfigCompositionException, match="You must specify 'model'"):
            app.composer.compose(["x=1"])
        assert [app.calls_of_hydra(monkeypatch, "model=small", f"x={x}") for x in range(2)] == [1, 0]


def test_a_loader_that_is_not_hydras(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(ConfigLoaderImpl):
        pass

    monkeypatch.setattr(both, "composer", Composer(Other(both.loader.get_search_path()), both.master))
    assert [both.calls_of_hydra(monkeypatch, "x=1") for _ in range(2)] == [1, 1]
