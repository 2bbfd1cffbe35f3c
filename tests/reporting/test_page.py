"""The report in a browser: its colours, its figures, its buttons, its rules, on a screen and on a phone."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from recsys.data import ItemCatalog
from recsys.explorer import Query, RuleTable
from recsys.explorer.export import FORMATS
from recsys.reporting.report import write_report
from recsys.rules import Rules
from tests.browser import needs_browser, open_browser, resize
from tests.reporting.test_report import TITLES, make

pytestmark = needs_browser
WAIT = 10  # seconds, at most; other processes may slow this one down
TEXT = "return getComputedStyle(document.querySelector('.figure .xtick text')).fill"
PAGE = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    path = write_report(make(tmp_path_factory.mktemp("sweep")))
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.get(path.as_uri())
        yield browser


@pytest.fixture(autouse=True)
def reset(browser):
    resize(browser, 1280)


def test_nothing_is_logged_and_no_button_sends_the_figure_away(browser):
    logged = browser.get_log("browser")
    assert [one for one in logged if one["source"] != "rendering"] == []  # that of a machine without a GPU
    buttons = browser.find_elements(By.CSS_SELECTOR, ".modebar-btn")
    titles = {button.get_attribute("data-title") for button in buttons}
    assert titles == {"Download plot as a PNG", "Zoom", "Pan", "Reset axes"}


def test_figures_follow_the_colour_scheme_while_the_page_is_open(browser):
    light = [browser.execute_script(one) for one in (TEXT, PAGE)]
    resize(browser, 1280, dark=True)
    WebDriverWait(browser, WAIT).until(lambda _: browser.execute_script(TEXT) != light[0])
    assert browser.execute_script(TEXT) == "rgb(236, 236, 243)"
    assert browser.execute_script(PAGE) == "rgb(18, 18, 24)" != light[1]


def test_a_phone_scrolls_tables_and_not_the_page(browser):
    resize(browser, 390)
    widths = "return [document.documentElement.scrollWidth, innerWidth]"
    WebDriverWait(browser, WAIT).until(lambda _: browser.execute_script(widths) == [390, 390])
    # Labels of one axis do not touch one another.
    overlaps = browser.execute_script("""
        const boxes = (axis) => [...axis.querySelectorAll("text")].map((one) => one.getBoundingClientRect());
        const touch = (one, other) => one.left < other.right && one.top < other.bottom;
        return [...document.querySelectorAll(".xaxislayer-above")].flatMap((axis) =>
          boxes(axis).filter((box, i, all) => i && touch(box, all[i - 1]))).length""")
    assert overlaps == 0


def test_a_command_is_copied_with_the_keyboard_and_announced(browser):
    browser.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    button = browser.find_element(By.CSS_SELECTOR, ".code button")
    assert button.accessible_name == "Copy The sweep"
    button.send_keys(Keys.ENTER)
    status = browser.find_element(By.ID, "status")
    WebDriverWait(browser, WAIT).until(lambda _: status.get_property("textContent") == "Copied")
    copied = browser.execute_script("return navigator.clipboard.readText()")
    assert copied == "python -m recsys -m experiment=seed_sweep hydra.sweeper.n_trials=13"


def test_the_text_is_copied_where_the_clipboard_is_closed(browser):
    browser.execute_script("navigator.clipboard.writeText = () => Promise.reject(new Error('closed'))")
    button = browser.find_elements(By.CSS_SELECTOR, ".code button")[1]
    button.click()
    WebDriverWait(browser, WAIT).until(lambda _: button.text == "Copied")
    assert "x=it" in browser.execute_script("return navigator.clipboard.readText()")


def test_a_screen_reader_finds_landmarks_headings_and_descriptions(browser):
    roles = [browser.find_element(By.TAG_NAME, name).aria_role for name in ("header", "nav", "main")]
    assert roles == ["banner", "navigation", "main"]
    sections = browser.find_elements(By.TAG_NAME, "section")
    names = [section.accessible_name for section in sections]
    assert names == [section.find_element(By.TAG_NAME, "h2").text for section in sections]
    links = browser.find_elements(By.CSS_SELECTOR, "nav a")
    assert [link.text for link in links] == names
    figures = browser.find_elements(By.CSS_SELECTOR, "[role=img]")
    assert figures[0].accessible_name.startswith("max_lift of each trial. The best so far goes from 0")
    assert all(figure.accessible_name for figure in figures)


def shown(browser):
    """Wait for the explorer's view."""
    panel = browser.find_element(By.ID, "explorer-panel")
    WebDriverWait(browser, WAIT).until(lambda _: panel.get_attribute("aria-busy") == "false")
    return panel


def test_the_rules_are_explored_without_a_service(browser):
    browser.get(browser.current_url.partition("#")[0])
    shown(browser)
    assert browser.find_element(By.ID, "explorer-n-found").text == "28 rules"
    browser.find_element(By.ID, "explorer-text").send_keys("the MATRIX")  # as people say it
    panel = browser.find_element(By.ID, "explorer-panel")
    expected = {"The Matrix (1999) → Café", "Café → The Matrix (1999)"}
    WebDriverWait(browser, WAIT).until(
        lambda _: {one.text for one in panel.find_elements(By.CSS_SELECTOR, "tbody .open")} == expected
    )
    browser.find_element(By.ID, "explorer-reset").send_keys(Keys.ENTER)
    browser.find_element(By.ID, "explorer-search").send_keys("CAFE", Keys.ENTER)  # without the accent
    found = browser.find_element(By.ID, "explorer-n-found")
    WebDriverWait(browser, WAIT).until(lambda _: found.text == "26 of 28 rules")
    assert browser.current_url.endswith("#item=10")
    browser.find_element(By.CSS_SELECTOR, "[aria-label='length at least']").send_keys("3", Keys.TAB)
    WebDriverWait(browser, WAIT).until(lambda _: found.text == "6 of 28 rules")
    for view, selector in {
        "scatter": ".plot .points path",
        "matrix": ".circle",
        "graph": ".graph canvas",
    }.items():
        browser.find_element(By.ID, f"explorer-tab-{view}").click()
        shown(browser)
        assert browser.find_elements(By.CSS_SELECTOR, f"#explorer-panel {selector}"), view
    browser.back()
    shown(browser)
    browser.find_element(By.CSS_SELECTOR, ".circle").click()
    dialog = browser.find_element(By.ID, "explorer-rule")
    assert "lift" in dialog.text
    assert not dialog.find_elements(By.TAG_NAME, "a")  # there is no page of recommendations
    assert [one for one in browser.get_log("browser") if one["source"] != "rendering"] == []


def test_the_downloads_without_a_service_are_those_of_the_service(browser):
    browser.execute_script("""
        window.written = {};
        URL.createObjectURL = (blob) => {
          blob.text().then((text) => { window.written[blob.type.split("/")[1]] = text; });
          return "blob:none";
        };
        addEventListener("click", (event) => { if (event.target.download) event.preventDefault(); });""")
    browser.find_element(By.ID, "explorer-reset").send_keys(Keys.ENTER)
    shown(browser)
    for link in browser.find_elements(By.CSS_SELECTOR, "#explorer-exports a"):
        link.send_keys(Keys.ENTER)
    written = WebDriverWait(browser, WAIT).until(
        lambda _: len(found := browser.execute_script("return window.written")) == 3 and found
    )
    table = exported(browser)
    order = table.order("lift", descending=True)
    expected = {name: b"".join(write(table, order)).decode() for name, (_, write) in FORMATS.items()}
    assert json.loads(written["json"]) == json.loads(expected["json"])
    assert cells(written["csv"]) == cells(expected["csv"])
    assert graph(written["graphml+xml"]) == graph(expected["graphml"])


@pytest.mark.parametrize("bound", ["min_conviction=1.05", "max_conviction=1.05"])
def test_infinite_values_are_within_the_same_bounds_as_of_the_service(browser, bound):
    name, value = bound.split("=")
    rules = exported(browser)
    query = Query(**{f"{name[:3]}imum": {"conviction": float(value)}})
    n_found = len(query.find(rules))
    assert 0 < n_found < 28
    browser.execute_script("location.hash = arguments[0]", bound)
    found = browser.find_element(By.ID, "explorer-n-found")
    WebDriverWait(browser, WAIT).until(lambda _: found.text == f"{n_found} of 28 rules")


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
