"""The report in a browser: its colours, its figures, its buttons, its rules, on a screen and on a phone."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from selenium.webdriver.common.keys import Keys

from recsys.data import ItemCatalog
from recsys.explorer import Query, RuleTable
from recsys.explorer.export import FORMATS
from recsys.reporting.report import write_report
from recsys.rules import Rules
from tests.browser import Page, needs_browser, open_browser, resize
from tests.reporting.test_report import TITLES, make

pytestmark = needs_browser
TEXT = "return getComputedStyle(document.querySelector('.figure .xtick text')).fill"
PAGE = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    path = write_report(make(tmp_path_factory.mktemp("sweep")))
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.get(path.as_uri())
        yield browser


@pytest.fixture
def page(browser):
    resize(browser, 1280)
    return Page(browser)


def test_nothing_is_logged_and_no_button_sends_the_figure_away(page):
    logged = page.browser.get_log("browser")
    assert [one for one in logged if one["source"] != "rendering"] == []  # that of a machine without a GPU
    buttons = page.all(".modebar-btn")
    titles = {button.get_attribute("data-title") for button in buttons}
    assert titles == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}


def test_figures_follow_the_colour_scheme_while_the_page_is_open(page):
    light = [page.browser.execute_script(one) for one in (TEXT, PAGE)]
    resize(page.browser, 1280, dark=True)
    page.until(lambda: page.browser.execute_script(TEXT) != light[0])
    assert page.browser.execute_script(TEXT) == "rgb(236, 236, 243)"
    assert page.browser.execute_script(PAGE) == "rgb(18, 18, 24)" != light[1]


def test_a_phone_scrolls_tables_and_not_the_page(page):
    resize(page.browser, 390)
    widths = "return [document.documentElement.scrollWidth, innerWidth]"
    page.until(lambda: page.browser.execute_script(widths) == [390, 390])
    # Labels of one axis do not touch one another.
    overlaps = """
        const boxes = (axis) => [...axis.querySelectorAll("text")].map((one) => one.getBoundingClientRect());
        const touch = (one, other) => one.left < other.right && one.top < other.bottom;
        return [...document.querySelectorAll(".xaxislayer-above")].flatMap((axis) =>
          boxes(axis).filter((box, i, all) => i && touch(box, all[i - 1]))).length"""
    page.until(lambda: page.browser.execute_script(overlaps) == 0)


def test_a_command_is_copied_with_the_keyboard_and_announced(page):
    page.browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    button = page.one(".code button")
    assert button.accessible_name == "Copy The sweep"
    button.send_keys(Keys.ENTER)
    status = page.one("#status")
    page.until(lambda: status.get_property("textContent") == "Copied")
    copied = page.browser.execute_script("return navigator.clipboard.readText()")
    assert copied == "python -m recsys -m experiment=seed_sweep hydra.sweeper.n_trials=13"


def test_the_text_is_copied_where_the_clipboard_is_closed(page):
    page.browser.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('closed'))")
    button = page.all(".code button")[1]
    button.click()
    page.until(lambda: button.text == "Copied")
    assert "x=it" in page.browser.execute_script("return navigator.clipboard.readText()")


def test_a_screen_reader_finds_landmarks_headings_and_descriptions(page):
    roles = [page.one(name).aria_role for name in ("header", "nav", "main")]
    assert roles == ["banner", "navigation", "main"]
    sections = page.all("section")
    names = [section.accessible_name for section in sections]
    assert names == page.texts("section h2")
    assert page.texts("nav a") == names
    figures = page.all("[role=img]")
    assert figures[0].accessible_name.startswith("max_lift of each trial. The best so far goes from 0")
    assert all(figure.accessible_name for figure in figures)


def shown(page):
    """Wait for the explorer's view."""
    page.until(lambda: page.one("#explorer-panel").get_attribute("aria-busy") == "false")


def test_the_rules_are_explored_without_a_service(page):
    page.browser.get(page.browser.current_url.partition("#")[0])
    shown(page)
    assert page.one("#explorer-n-found").text == "28 rules"
    page.one("#explorer-text").send_keys("the MATRIX")  # as people say it
    expected = ["Café → The Matrix (1999)", "The Matrix (1999) → Café"]
    page.until(lambda: sorted(page.texts("#explorer-panel tbody .open")) == expected)
    page.one("#explorer-reset").send_keys(Keys.ENTER)
    page.one("#explorer-search").send_keys("CAFE", Keys.ENTER)  # without the accent
    page.until(lambda: page.one("#explorer-n-found").text == "26 of 28 rules")
    assert page.browser.current_url.endswith("#item=10")
    page.one("[aria-label='length at least']").send_keys("3", Keys.TAB)
    page.until(lambda: page.one("#explorer-n-found").text == "6 of 28 rules")
    for view, selector in {
        "scatter": ".plot .points path",
        "matrix": ".circle",
        "graph": ".graph canvas",
    }.items():
        page.one(f"#explorer-tab-{view}").click()
        shown(page)
        assert page.all(f"#explorer-panel {selector}"), view
    page.browser.back()
    page.until(lambda: page.all(".circle") and page.one(".circle").click() is None)
    page.until(lambda: page.one("#explorer-rule").is_displayed())
    assert "lift" in page.one("#explorer-rule").text
    assert not page.all("#explorer-rule a")  # there is no page of recommendations
    assert [one for one in page.browser.get_log("browser") if one["source"] != "rendering"] == []


def test_the_downloads_without_a_service_are_those_of_the_service(page):
    page.browser.execute_script("""
        window.written = {};
        URL.createObjectURL = (blob) => {
          blob.text().then((text) => { window.written[blob.type.split("/")[1]] = text; });
          return "blob:none";
        };
        addEventListener("click", (event) => { if (event.target.download) event.preventDefault(); });""")
    page.one("#explorer-reset").send_keys(Keys.ENTER)
    page.until(lambda: page.one("#explorer-n-found").text == "28 rules")
    for link in page.all("#explorer-exports a"):
        link.send_keys(Keys.ENTER)
    written = page.until(
        lambda: len(found := page.browser.execute_script("return window.written")) == 3 and found
    )
    table = exported(page.browser)
    order = table.order("lift", descending=True)
    expected = {name: b"".join(write(table, order)).decode() for name, (_, write) in FORMATS.items()}
    assert json.loads(written["json"]) == json.loads(expected["json"])
    assert cells(written["csv"]) == cells(expected["csv"])
    assert graph(written["graphml+xml"]) == graph(expected["graphml"])


@pytest.mark.parametrize("bound", ["min_conviction=1.05", "max_conviction=1.05"])
def test_infinite_values_are_within_the_same_bounds_as_of_the_service(page, bound):
    name, value = bound.split("=")
    rules = exported(page.browser)
    query = Query(**{f"{name[:3]}imum": {"conviction": float(value)}})
    n_found = len(query.find(rules))
    assert 0 < n_found < 28
    page.browser.execute_script("location.hash = arguments[0]", bound)
    found = page.one("#explorer-n-found")
    page.until(lambda: found.text == f"{n_found} of 28 rules")


def exported(browser):
    """Return the rules of the report's trial as the service has them."""
    folder = Path(browser.current_url.removeprefix("file://").partition("#")[0]).parent
    rules = Rules.from_parquet(folder / "3/rules.parquet")
    return RuleTable.of(rules, ItemCatalog(rules.source.items, tuple(TITLES), ((),) * len(TITLES)))


def cells(text):
    """Return the rows of a CSV file with numbers as numbers."""
    return [[literal(cell) for cell in row] for row in csv.reader(io.StringIO(text))]


def literal(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def graph(text):
    """Return what a GraphML file says of its nodes, by label or rule, and its edges."""
    root = ElementTree.fromstring(text)
    nodes = {
        node.get("id"): tuple(sorted((data.get("key"), literal(data.text)) for data in node))
        for node in root.iter("{*}node")
    }
    keys = [sorted(key.items()) for key in root.iter("{*}key")]
    edges = {(nodes[edge.get("source")], nodes[edge.get("target")]) for edge in root.iter("{*}edge")}
    return keys, set(nodes.values()), edges
