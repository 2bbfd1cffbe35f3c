"""The explorer of rules in a browser, with a keyboard and a mouse, as somebody uses it."""

from __future__ import annotations

import copy
import re
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

import recsys.explorer
from recsys.explorer import RuleTable
from recsys.recommenders.model import WEIGHT
from recsys.rules.measures import METRICS
from tests.browser import needs_browser, open_browser, resize
from tests.models.problems import long
from tests.recommenders.problems import rules_of
from tests.serving.conftest import HTML
from tests.serving.test_page import RecommendationsPage, served  # noqa: F401

WIDTH = "return document.documentElement.scrollWidth"
STATIC = Path(recsys.explorer.__file__).parent / "static"


class ExplorerPage(RecommendationsPage):
    """What somebody does on the page, and sees."""

    def part(self, name):
        return self.one(f"#explorer-{name}")

    def shown(self):
        """Wait for the view of the present state; return the titles of its rules."""
        self.until(lambda: self.part("panel").get_attribute("aria-busy") == "false")
        return self.texts("#explorer-panel tbody .open")

    def go(self, state):
        """Follow a link to a state, which loads nothing again."""
        self.browser.execute_script("location.hash = arguments[0]", state)
        self.until(lambda: self.state() == state and self.part("rule").is_displayed() == ("rule=" in state))
        return self.shown()

    def state(self):
        return self.browser.current_url.partition("#")[2]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser, served):  # noqa: F811
    app, address = served
    page = ExplorerPage(browser, app)
    page.address = address
    resize(browser, 1280)
    if not browser.current_url.startswith(address):
        browser.get(f"{address}/explorer")
    page.go("")
    yield page
    # Nothing was refused by the content security policy, and no program failed.
    allowed = ("422", "503")  # what a test brought about
    logged = [one["message"] for one in browser.get_log("browser") if one["source"] != "rendering"]
    assert [message for message in logged if not any(code in message for code in allowed)] == []


def test_every_measure_has_a_meaning():
    text = (STATIC / "measures.js").read_text(encoding="utf-8")
    told = set(re.findall(r"^  (\w+): \"[^\"]+\.\",$", text, re.MULTILINE))
    assert told >= {*METRICS, WEIGHT, "support_count", "length"} - {"representativity"}  # 1 for every rule


@needs_browser
def test_the_first_rules_and_where_they_come_from(page):
    table = page.service.reloader.current.explorer_content.table
    order = table.order("lift", descending=True)[:50]
    assert page.shown() == [
        " → ".join(", ".join(item["title"] for item in rule[side]) for side in ("antecedents", "consequents"))
        for rule in table.rows(order)
    ]
    assert page.part("n-found").text == f"{len(table):,} rules"
    assert page.texts(".pages a") == ["Recommendations", "Rules", "Operator"]
    names = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert all(name.startswith(page.address) for name in names)
    assert not any(
        "plotly.min.js" in name or "cytoscape" in name for name in names
    )  # until a view needs them


@needs_browser
def test_filters_with_the_keyboard_are_in_the_address(page):
    page.part("role").send_keys("before")
    page.part("search").send_keys("toy st")
    page.until(lambda: len(page.all("#explorer-found [role=option]")) == 2)
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    chosen = page.one('#explorer-found [aria-selected="true"]')
    assert page.focus().get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    title = chosen.text.split(")")[0] + ")"
    page.press(Keys.ENTER)
    page.until(lambda: page.texts("#explorer-chosen .title") == [title])
    rules = page.shown()
    assert all(title in rule.partition(" → ")[0] for rule in rules)
    assert page.state().startswith("antecedent=")
    page.part("text").send_keys("HEAT")
    page.until(lambda: "text=HEAT" in page.state())
    fewer = page.shown()
    assert 0 < len(fewer) < len(rules)
    assert all("Heat (1995)" in rule for rule in fewer)
    page.one("[aria-label='length at least']").send_keys("3", Keys.TAB)
    page.until(lambda: "min_length=3" in page.state())
    fewest, found = page.shown(), page.part("n-found").text
    assert set(fewest) < set(fewer)
    # The address is a link to what is shown, and goes back.
    resize(page.browser, 390)
    page.browser.refresh()
    page.until(lambda: page.part("n-found").text == found)
    assert page.shown() == fewest
    assert not page.part("search").is_displayed()  # on a phone the filters are folded
    page.one("#explorer-fold summary").send_keys(Keys.ENTER)
    page.until(lambda: page.texts("#explorer-chosen .title") == [title])
    resize(page.browser, 1280)
    page.browser.back()
    page.until(lambda: "min_length" not in page.state() and page.shown() == fewer)
    assert page.one("[aria-label='length at least']").get_attribute("value") == ""
    page.one("#explorer-chosen button").send_keys(Keys.ENTER)
    page.until(lambda: page.state() == "text=HEAT")
    assert page.focus().get_attribute("id") == "explorer-search"  # the button is gone
    page.part("reset").send_keys(Keys.ENTER)
    table = page.service.reloader.current.explorer_content.table
    page.until(lambda: page.part("n-found").text == f"{len(table):,} rules")


LATE = """
    const real = window.fetch, released = new Promise((resolve) => { window.release = resolve; });
    window.fetch = async (...asked) => { await released; return real(...asked); };"""


@needs_browser
def test_an_address_that_changes_while_the_page_is_loaded_is_followed(page):
    late = page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": LATE})
    page.browser.refresh()
    page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", late)
    page.browser.execute_script("location.hash = 'view=matrix'; release()")
    page.until(lambda: page.part("tab-matrix").get_attribute("aria-selected") == "true")
    page.shown()
    assert page.all(".circle")


@needs_browser
def test_columns_sort_and_pages_turn(page):
    header = "[data-focus=confidence]"
    for order in ("descending", "ascending"):
        page.one(header).send_keys(Keys.ENTER)
        page.until(lambda o=order: page.one(f"th:has({header})").get_attribute("aria-sort") == o)
        page.shown()
        values = [float(text) for text in page.texts("td[data-name=confidence]")]
        assert values == sorted(values, reverse=order == "descending")
        assert page.focus().get_attribute("data-focus") == "confidence"  # the table was made anew
    first = page.shown()
    assert not page.one("[data-focus=Previous]").is_enabled()
    page.one("[data-focus=Next]").send_keys(Keys.ENTER)
    page.until(lambda: page.one(".pager span").text.startswith("51 to "))
    assert not set(first) & set(page.shown())
    page.one("[data-focus=Last]").send_keys(Keys.ENTER)
    page.until(lambda: not page.one("[data-focus=Next]").is_enabled())
    page.one("[data-focus=First]").send_keys(Keys.ENTER)
    page.until(lambda: page.shown() == first)


@needs_browser
def test_one_rule_its_measures_its_items_and_recommendations(page):
    button = page.all("#explorer-panel .open")[2]
    button.send_keys(Keys.ENTER)
    page.until(lambda: page.part("rule").is_displayed())
    assert page.part("rule").aria_role == "dialog"
    assert page.part("rule").accessible_name == page.part("rule-title").text.replace("→", "implies")
    assert page.focus().accessible_name == "Close"
    rule_id = int(page.state().removeprefix("rule="))
    (rule,) = page.service.reloader.current.explorer_content.table.rows(np.array([rule_id]))
    names = page.texts(".rule dt")
    assert names == ["count", *(name.replace("_", " ") for name in rule["measures"])]
    assert all(page.texts(".rule dd.quiet"))
    link = page.one(".rule a").get_attribute("href")
    items = "&".join(f"items={item['item_id']}" for item in rule["antecedents"])
    assert link == f"{page.address}/?{items}"
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.part("rule").is_displayed())
    assert page.focus().get_attribute("data-focus") == f"rule-{rule_id}"
    page.browser.back()
    page.until(lambda: page.part("rule").is_displayed())
    page.one(".rule a").click()
    page.until(lambda: page.texts("#picks .title"))
    picked = page.texts("#picks .title")
    page.one(".pages a[href=explorer]").click()
    page.shown()
    page.go(f"rule={rule_id}")
    page.until(lambda: page.part("rule").is_displayed())
    assert len(picked) == len(rule["antecedents"])
    page.one(".rule .filter").click()
    page.until(lambda: page.texts("#explorer-chosen .title") == [rule["antecedents"][0]["title"]])
    assert not page.part("rule").is_displayed()


@needs_browser
def test_titles_are_text(page):
    page.part("search").send_keys("img", Keys.ENTER)
    page.until(lambda: page.texts("#explorer-chosen .title") == [HTML])
    page.shown()
    page.part("tab-matrix").click()
    page.until(lambda: page.all(".circle"))
    assert page.all("img") == []


@needs_browser
def test_tabs_turn_with_arrows_and_views_lead_to_rules(page):
    page.part("tab-table").send_keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.state() == "view=scatter")
    page.shown()
    assert page.focus().get_attribute("aria-selected") == "true"
    assert page.part("panel").accessible_name == "Scatter"
    points = page.all(".plot .points path")
    assert points
    page.browser.execute_script("document.querySelector('.plot').scrollIntoView()")
    ActionChains(page.browser).move_to_element(points[-1]).click().perform()
    page.until(lambda: page.part("rule").is_displayed())
    page.press(Keys.ESCAPE)
    resize(page.browser, 390)
    page.until(lambda: page.browser.execute_script(WIDTH) == 390)
    page.part("tab-scatter").send_keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.state().startswith("view=matrix"))
    page.shown()
    circle = page.one(".circle")
    assert re.search(r" → .*: \d+ rules?, lift ", circle.accessible_name)
    circle.send_keys(Keys.ENTER)
    page.until(lambda: page.part("rule").is_displayed())
    page.press(Keys.ESCAPE)
    page.part("tab-matrix").send_keys(Keys.ARROW_RIGHT)
    page.until(lambda: page.state().startswith("view=graph"))
    page.shown()
    assert page.all(".graph canvas")
    assert page.one(".graph").aria_role in ("image", "img")
    page.part("tab-graph").send_keys(Keys.ARROW_RIGHT)
    assert page.until(lambda: page.shown())  # the table again


TURNED = """
    const done = arguments[0], item = (id, display_title) => ({ item_id: id, display_title, year: null });
    import("/explorer/static/table.js").then(({ ruleButton }) => {
      const [one, other] = [item(1, "\u05e9\u05dc\u05d5\u05dd"), item(2, "\u05e2\u05d5\u05dc\u05dd")];
      const rule = { rule_id: 1, antecedents: [one], consequents: [other] };
      const button = ruleButton({}, rule);
      document.querySelector("#explorer .results").append(button);
      const places = [...button.childNodes].filter((one) => one.textContent.trim()).map((one) => {
        const range = document.createRange();
        range.selectNode(one);
        return range.getBoundingClientRect().left;
      });
      button.remove();
      done(places);
    });"""


@needs_browser
def test_the_arrow_leads_from_the_antecedents_also_between_titles_from_right_to_left(page):
    places = page.browser.execute_async_script(TURNED)
    assert len(places) == 3
    assert places == sorted(places)


DRAW_GRAPH = """
    const done = arguments[1], item = (id) => ({ item_id: id, display_title: arguments[0] + id, year: null });
    const rules = Array.from({ length: 50 }, (_, n) => ({
      rule_id: n, antecedents: [item(n)], consequents: [item(n + 1)], measures: { support: 0.1, lift: 2 },
    }));
    const source = { rules: async () => ({ n_found: rules.length, rules }) };
    const panel = document.createElement("div");
    document.querySelector("#explorer .results").append(panel);
    import("/explorer/static/graph.js")
      .then(({ drawGraph }) => drawGraph(
        { state: new URLSearchParams(), source, learnTitles() {} }, panel, new AbortController().signal))
      .then(() => {
        const { cy } = panel.querySelector(".graph")._cyreg;
        const items = cy.nodes("[kind = 'item']");
        const { w, h } = items.renderedBoundingBox({ includeLabels: false });
        const shown = [items.map((one) => one.data("label")), Math.max(w / cy.width(), h / cy.height())];
        panel.remove();
        done(shown);
      });"""


@needs_browser
@pytest.mark.parametrize("title", ["very long words " * 12, "\U0001f3ac" * 200, "Item "])
def test_a_graph_has_room_for_its_titles(page, title):
    labels, share = page.browser.execute_async_script(DRAW_GRAPH, title)
    assert len(labels) == 26  # the first rules, which have this many items
    assert all(len(label) <= 37 and "\ufffd" not in label for label in labels)
    assert share > 0.6  # of the width or the height; not all in one point


@needs_browser
def test_downloads_have_all_found_rules(page):
    page.go("min_length=3&sort=confidence")
    found = page.part("n-found").text.split()[0].replace(",", "")
    page.browser.execute_script(
        "addEventListener('click', (event) => { if (event.target.download) event.preventDefault(); })"
    )
    links = page.all("#explorer-exports a")
    assert [link.text for link in links] == ["CSV", "JSON", "GraphML"]
    links[0].click()
    with urllib.request.urlopen(links[0].get_attribute("href")) as answer:
        assert answer.read().count(b"\n") == 1 + int(found)


@needs_browser
def test_a_phone_in_the_dark(page):
    light = page.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    resize(page.browser, 390, dark=True)
    page.go("view=matrix")
    assert page.browser.execute_script(WIDTH) == 390
    assert page.browser.execute_script("return getComputedStyle(document.body).backgroundColor") != light
    page.part("tab-table").click()
    page.until(lambda: page.all("[data-name=lift]"))
    assert page.browser.execute_script(WIDTH) == 390


@needs_browser
def test_trouble_is_told(page):
    page.go("sort=colour")
    assert page.part("trouble").text.startswith("sort must be one of antecedent_support")
    page.part("sort").send_keys("lift")
    page.until(lambda: not page.part("trouble").is_displayed() and page.shown())
    page.browser.execute_script(
        "window.real = fetch; window.fetch = async () => new Response('<h1>502</h1>', {status: 502})"
    )
    page.part("descending").send_keys(Keys.ENTER)
    page.until(lambda: page.part("trouble").is_displayed())
    assert page.part("trouble").text == "The service does not answer. Is it running? Try again"
    page.browser.execute_script("window.fetch = window.real")
    page.one("#explorer-trouble button").send_keys(Keys.ENTER)
    page.until(lambda: not page.part("trouble").is_displayed() and page.shown())
    assert page.focus().get_attribute("id") == "explorer-tab-table"


def show(page, monkeypatch, n):
    """Serve the first n rules, as version n."""
    following = copy.copy(page.service.reloader.current)
    few = RuleTable.of(rules_of(long())[:n], following.bundle.called)
    following.explorer_content = replace(following.explorer_content, name=str(n), table=few)
    monkeypatch.setattr(page.service.reloader, "current", following)


@needs_browser
@pytest.mark.parametrize("n", [0, 1])
def test_no_rules_and_one(page, monkeypatch, n):
    show(page, monkeypatch, n)
    page.browser.refresh()
    for view in ("scatter", "matrix", "graph", "table"):
        page.go(f"view={view}&sort=confidence")
        told = page.texts("#explorer-panel")[0]
        assert ("There are no rules." in told) == (n == 0)
        assert "Infinity" not in told
        assert "NaN" not in told
    assert page.part("n-found").text == ("1 rule" if n else "0 rules")
    monkeypatch.undo()
    page.go("")
    page.until(lambda: page.part("n-found").text.endswith(" rules") and len(page.shown()) > 1)


@needs_browser
def test_the_model_is_replaced_while_the_page_is_open(page, monkeypatch):
    model = page.service.reloader.current
    show(page, monkeypatch, 3)
    page.go("sort=confidence")
    assert page.part("n-found").text == "3 rules"
    assert page.part("about").text == "3"
    monkeypatch.undo()
    page.go("")
    page.until(lambda: page.part("n-found").text == f"{len(model.explorer_content.table):,} rules")
