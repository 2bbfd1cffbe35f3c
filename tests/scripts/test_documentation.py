"""The documentation site: built without warnings, it describes everything, and its links lead somewhere."""

import importlib
import inspect
import json
import re
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from recsys.cli import COMMANDS, config_groups
from recsys.rules import METRICS
from recsys.runs.trusted import CONF
from scripts.documentation import notebooks
from scripts.documentation.configuration import is_built_on_another
from tests.conftest import ROOT

PACKAGES = (
    "recsys.interactive",
    "recsys.mining",
    "recsys.rules",
    "recsys.frequent_patterns",
    "recsys.data",
    "recsys.datasets",
)
PACKAGES += ("recsys.preprocessing", "recsys.recommenders", "recsys.evaluation", "optuna_sweeper")

# Those of the theme and of the reference.
TAGS = """
a article aside b blockquote body br button code dd details div dl dt em footer form h1 h2 h3 h4 h5
h6 head header hr html i img input label li link main meta nav ol p path pre script section small
span strong style sub summary sup svg table tbody td th thead title tr ul
"""


@dataclass
class Page(HTMLParser):
    """Anchors and links of a page, and what a browser loads for it."""

    text: str
    tags: set[str] = field(default_factory=set)
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        if given.get("id"):
            self.anchors.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") != "canonical":
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site, and the modules that its building imports."""
    folder, before = tmp_path_factory.mktemp("site"), set(sys.modules)
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    build(config)  # strict: a warning raises
    return folder, set(sys.modules) - before


@pytest.fixture(scope="module")
def pages(site):
    folder, _ = site
    return {path: Page(path.read_text("utf-8")) for path in folder.rglob("*.html")}


def test_building_starts_and_imports_nothing_large(site):
    _, imported = site
    assert not imported & {"pyspark", "mlflow", "implicit", "torch"}


def test_pages_load_nothing_from_the_network(pages):
    assert len(pages) > 30
    for path, page in pages.items():
        assert not [address for address in page.loaded if urlsplit(address).netloc], path
        # The theme would load the program that draws it.
        assert 'class="mermaid"' not in page.text


def test_words_in_angle_brackets_are_not_taken_for_tags(pages):
    tags = {tag for path, page in pages.items() if "reference" in path.parts for tag in page.tags}
    assert tags <= set(TAGS.split())


def test_links_within_the_site_lead_to_a_page_and_an_anchor(pages, site):
    folder, _ = site
    wrong = []
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].anchors if target in pages else set()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in known):
                wrong.append((path.relative_to(folder).as_posix(), link))
    assert not wrong


def test_external_addresses_are_well_formed(pages):
    found = {link for page in pages.values() for link in page.links if urlsplit(link).scheme}
    assert found
    for link in found:
        parts = urlsplit(link)
        assert parts.scheme in ("https", "http", "mailto"), link
        assert re.fullmatch(r"[\w.-]+\.\w+|localhost(:\d+)?|127\.0\.0\.1(:\d+)?", parts.netloc), link


def test_search_works_without_a_server(site):
    folder, _ = site
    index = (folder / "search/search_index.js").read_text("utf-8")
    listed = json.loads(index.removeprefix("var __index = "))
    assert any("apriori.min_support" in entry["text"] for entry in listed["docs"])


def anchors(pages, site, name):
    return pages[site[0] / name].anchors


def test_every_option_and_key_of_the_configuration_is_described(pages, site):
    for group in config_groups.groups():
        known = anchors(pages, site, f"reference/configuration/{group.name.replace('/', '_')}.html")
        for option in group.options:
            assert option in known
            path = CONF / group.name / f"{option}.yaml"
            if group.name == "experiment" or is_built_on_another(path):
                continue  # shown as it is; comments of the keys are those of another file
            for key in config_groups.keys(path):
                names = {f"{group.name.replace('/', '.')}.{key.name}", f"{option}.{key.name}"}
                # Those of a recommender in a hybrid stand with the recommender.
                assert known & names or key.name.startswith(("rules.", "model.")), (path, key.name)


def test_every_command_measure_and_setting_is_described(pages, site):
    from optuna_sweeper.settings import Settings

    assert set(COMMANDS) <= anchors(pages, site, "reference/command_line.html")
    assert set(METRICS) <= anchors(pages, site, "reference/measures.html")
    known = anchors(pages, site, "reference/sweeper.html")
    assert {f"hydra.sweeper.{name}" for name in Settings.__dataclass_fields__} <= known


def test_every_public_class_and_function_is_described(pages):
    known = set().union(*(page.anchors for path, page in pages.items() if "reference" in path.parts))
    for package in map(importlib.import_module, PACKAGES):
        for name in package.__all__:
            one = getattr(package, name)
            if inspect.isclass(one) or inspect.isfunction(one):
                assert known & {f"{package.__name__}.{name}", f"{one.__module__}.{name}"}, one


def test_files_outside_the_site_link_to_files_that_are_there():
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "optuna_sweeper/README.md"):
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
            assert urlsplit(link).scheme or (path.parent / link).exists(), (path.name, link)


def test_pages_that_code_and_settings_name_are_there():
    named = re.compile(r"\bdocs/[\w/-]+\.(?:md|png|ya?ml|ipynb)\b")
    searched = [ROOT / "Makefile", *ROOT.glob("*.md"), *ROOT.glob("*.yaml")]
    for folder in ("conf", "recsys", "optuna_sweeper", "scripts", "tests", "docs"):
        searched += [
            path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yaml", ".md", ".jinja")
        ]
    found = {(path, name) for path in searched for name in named.findall(path.read_text("utf-8"))}
    assert len(found) > 20
    assert not [(path, name) for path, name in found if not (ROOT / name).is_file()]


def test_a_notebook_becomes_a_page_with_its_outputs(tmp_path):
    def code(source, **output):
        return {"cell_type": "code", "source": source, "outputs": [output]}

    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "[next](other.ipynb#part)"]},
        code("print('```')", output_type="stream", text=["```\n"]),
        code("frame", output_type="execute_result", data={"text/html": "<table></table>", "text/plain": "x"}),
        code("plot()", output_type="display_data", data={"image/png": "QQ==\n", "text/plain": "<Figure>"}),
    ]
    path = tmp_path / "shop.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    page = notebooks.link_to_pages(notebooks.page_of(path))
    assert "# Title\n[next](other.md#part)" in page
    assert "```python" in page
    assert "````text\n```\n````" in page
    assert '<div class="output">\n<table></table>\n</div>' in page
    assert '<img class="output" alt="&lt;Figure&gt;" src="data:image/png;base64,QQ==">' in page
    assert page.endswith('<a href="shop.ipynb" download>Download this notebook</a>')
    failed = code("1 / 0", output_type="error", evalue="division by zero")
    path.write_text(json.dumps({"cells": [failed]}))
    with pytest.raises(ValueError, match="division by zero"):
        notebooks.page_of(path)
