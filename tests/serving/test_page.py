"""The page in a browser, with a keyboard and a mouse, as somebody uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
from dataclasses import replace

import pytest
import uvicorn
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from recsys.data import Nouns
from recsys.feedback import FeedbackStore
from recsys.policies import Policies
from recsys.serving.app import create_app
from recsys.serving.reloader import ModelReloader
from recsys.serving.schemas import RecommendRequest
from recsys.serving.settings import Settings
from tests.serving.conftest import HTML, Shelf

PROGRAMS = [
    next(filter(None, map(shutil.which, names)), None)
    for names in (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
]
pytestmark = pytest.mark.skipif(None in PROGRAMS, reason="there is no chromium, or no chromedriver")
WAIT = 10  # seconds, at most; other processes may slow this one down


class Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config):
        super().__init__(config)
        self.answers = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.answers.set()


@pytest.fixture(scope="module")
def served(bundles, tmp_path_factory):
    """A service in a thread: its application, and where it is."""
    reloader = ModelReloader(Shelf(**bundles), poll_seconds=3600)
    reloader.load()
    store = FeedbackStore.open(str(tmp_path_factory.mktemp("page") / "feedback.db"))
    app = create_app(Settings(), reloader, store)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(app, log_level="error", loop="asyncio"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    assert server.answers.wait(WAIT)
    yield app, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAMS[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run",
                     "disable-background-networking", f"user-data-dir={profile}"):  # fmt: skip
        options.add_argument(f"--{argument}")
    # Without a proxy of the shell's in between, and without a download of a driver.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    service = webdriver.ChromeService(PROGRAMS[1], env=environment)
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


class Page:
    """What somebody does on the page, and sees."""

    def __init__(self, browser, app):
        self.browser, self.service = browser, app.state.service

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def until(self, condition):
        """Wait for something to be true; what the page has just replaced is looked up again."""
        wait = WebDriverWait(self.browser, WAIT, 0.02, (StaleElementReferenceException,))
        return wait.until(lambda _: condition())

    def texts(self, selector):
        (texts,) = self.until(lambda: ([one.text for one in self.all(selector)],))
        return texts

    def listed(self):
        """Wait for the list; return its titles."""
        self.until(lambda: self.one("#list").get_attribute("aria-busy") == "false")
        return self.texts("#list .title")

    def press(self, *keys):
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def focus(self):
        return self.browser.switch_to.active_element

    def pick(self, text):
        number = len(self.all("#picks li"))
        self.one("#search").send_keys(text, Keys.ENTER)
        self.until(lambda: len(self.all("#picks li")) > number)
        return self.listed()


@pytest.fixture
def page(browser, served):
    app, address = served
    browser.get(f"{address}/health/live")
    browser.execute_script("localStorage.clear(); sessionStorage.clear()")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
        {"width": 1200, "height": 900, "deviceScaleFactor": 1, "mobile": False})  # fmt: skip
    browser.get_log("browser")
    browser.get(address)
    page = Page(browser, app)
    page.listed()
    with app.state.service.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM thumbs")
    yield page
    # Nothing was refused by the page's own policy, and no program failed.
    allowed = ("401", "422", "503")  # what a test brought about
    assert [
        one for one in browser.get_log("browser") if not any(code in one["message"] for code in allowed)
    ] == []


def test_it_begins_with_what_is_popular(page):
    assert len(page.listed()) == 10
    assert page.texts("#list .source") == ["popular"] * 10
    assert page.texts("#list .reason")[0].endswith("people liked it.")
    page.until(lambda: "version 1" in page.one("#model").text)
    assert page.one("#picking").text == "Films you liked"
    assert page.browser.title == "recsys: recommended films"
    assert page.one("#search").get_attribute("placeholder") == page.listed()[0]


def test_a_shop_has_other_words(page, monkeypatch):
    bundle = page.service.reloader.current.bundle
    nouns = Nouns("product", "products", "aisle", "aisles", "bought")
    monkeypatch.setitem(bundle.__dict__, "catalog", replace(bundle.catalog, nouns=nouns))
    page.browser.refresh()
    page.pick("heat")
    page.all('[data-verdict="up"]')[0].click()
    page.until(lambda: page.one("#rated").text.startswith("1 rated product is left out."))
    assert page.texts("#list .reason")[0].startswith("Because you bought Heat (1995): ")
    page.one("#search").send_keys("zzz")
    page.until(lambda: page.texts("#found .nothing") == ["No products found."])
    text = page.browser.execute_script("return document.documentElement.innerText")
    assert text.startswith("Recommended products\n\nPick a few products that you bought. ")
    said = page.browser.execute_async_script(
        """const done = arguments[0];
        const one = { item_id: 1, title: "Tea", source: "policy", reasons: [
          { antecedents: [{ item_id: 1, title: "Tea" }], support_count: 9, confidence: 0.5, lift: null,
            share: 0.5, times: 3, text: null },
          { antecedents: [{ item_id: 2, title: "Jam" }], support_count: 9, confidence: 0.5, lift: null,
            share: 0.5, times: 2, text: null },
          { antecedents: [], support_count: null, confidence: null, lift: null, share: 0, times: null,
            text: "New in the shop." }] };
        window.fetch = async () => new Response(JSON.stringify(
          { recommendations: [one], signed_list: "a.b" }), { status: 200 });
        document.getElementById("clear").click();
        const told = "#list .source, #list .reason, #list .numbers, #list li li";
        setTimeout(() => done([...document.querySelectorAll(told)].map((line) => line.textContent)), 50);"""
    )
    assert said == [
        "pinned",
        "You bought this 3 times: 50% of the people who bought it bought it again.",
        "9 bought it again · confidence 0.50 · 50% of the score",
        "Because you bought Jam twice: 50% of the people who bought it also bought this. "
        "9 bought both · confidence 0.50 · 50% of the score",
        "New in the shop. ",
    ]
    # Nothing else is said of films than in their titles.
    assert not re.search(r"(?i)\b(movies?|films?(?! \d)|genres?|likes?|liked|watch)\b", text)


def test_pinned_items_have_their_reason_and_a_category_can_be_chosen(page, monkeypatch):
    model = page.service.reloader.current
    paths = [("War",) if row % 3 else ("Drama",) for row in range(len(model.bundle.catalog))]
    bundle = replace(model.bundle, catalog=replace(model.bundle.catalog, categories=tuple(paths)))
    policies = Policies.parse(b"always_with: [{if: [Heat], recommend: [Film 90], reason: Shown tonight.}]")
    monkeypatch.setattr(page.service.reloader, "current", model.with_bundle(bundle.follow(policies)))
    page.browser.refresh()
    assert page.pick("heat")[0] == "Film 90"
    first = (page.texts("#list .source")[0], page.texts("#list .reason")[0], page.texts("#list .numbers")[0])
    assert first == ("pinned", "Shown tonight.", "")
    assert page.texts("#category option") == ["All genres", "Drama", "War"]
    expected = {one.title for one in bundle.recommend([[20]], categories=["Drama"])[0]}
    page.one("#category").send_keys("Dr")
    page.until(lambda: set(page.listed()) == expected)
    bare = replace(bundle, catalog=replace(bundle.catalog, categories=((),) * len(paths)))
    monkeypatch.setattr(page.service.reloader, "current", model.with_bundle(bare))  # another model
    page.pick("toy story 2")
    page.until(lambda: not expected > set(page.listed()))
    assert page.one("#category").get_attribute("value") == ""
    assert page.one("#trouble").is_displayed() is False


def test_with_the_keyboard_alone(page):
    page.press(Keys.TAB)
    assert page.focus().get_attribute("id") == "search"
    page.press("toy st")
    page.until(lambda: page.texts("#found .title") == ["Toy Story (1995)", "Toy Story 2 (1999)"])
    assert page.focus().get_attribute("aria-expanded") == "true"
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    chosen = page.one('#found [aria-selected="true"]')
    assert (chosen.get_attribute("id"), chosen.text.splitlines()[0]) == (
        page.focus().get_attribute("aria-activedescendant"), "Toy Story 2 (1999)",
    )  # fmt: skip
    page.press(Keys.ENTER)
    page.until(lambda: page.texts("#picks .title") == ["Toy Story 2 (1999)"])
    titles = page.listed()
    assert "Toy Story 2 (1999)" not in titles
    assert page.texts("#list .source")[0] == "rule"
    assert page.texts("#list .reason")[0].startswith("Because you liked Toy Story 2 (1999): ")
    assert "confidence" in page.texts("#list .numbers")[0]
    assert "lift" in page.texts("#list .numbers")[0]
    while "thumb" not in (page.focus().get_attribute("class") or ""):
        page.press(Keys.TAB)
    assert page.focus().get_attribute("aria-label") == f"Thumb up for {titles[0]}"
    page.press(Keys.ENTER)
    page.until(lambda: page.focus().get_attribute("aria-pressed") == "true")
    (kept,) = page.service.store.read()
    assert (kept.liked, kept.likes, kept.source, kept.antecedents, kept.rank) == (
        True,
        ("10",),
        "rule",
        ("10",),
        1,
    )
    assert kept.model_version == "1"
    page.press(Keys.TAB, Keys.SPACE)  # changed one's mind
    page.until(lambda: page.focus().get_attribute("aria-pressed") == "true")
    assert [one.liked for one in page.service.store.read()] == [False]
    assert len({one.user_id for one in page.service.store.read()}) == 1


def test_who_types_fast_gets_what_was_typed(page):
    page.one("#search").send_keys("heat", Keys.ENTER)
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)"])


def test_picks_stay_and_go(page):
    alone = page.pick("toy story (1995)")
    both = page.pick("heat")
    assert alone != both
    page.browser.refresh()
    assert page.listed() == both
    page.all("#picks button")[1].click()
    page.until(lambda: page.listed() == alone)
    assert page.focus().get_attribute("aria-label") == "Remove Toy Story (1995)"
    page.press(Keys.ENTER)
    page.until(lambda: page.texts("#list .source")[0] == "popular")
    assert page.focus().get_attribute("id") == "search"


def test_what_has_a_thumb_is_not_recommended_again(page):
    before = page.pick("heat")
    for row, verdict in ((1, "down"), (3, "up")):
        page.all(f'[data-verdict="{verdict}"]')[row].click()
        page.until(lambda n=row: len(page.all('[aria-pressed="true"]')) == (1 if n == 1 else 2))
    assert page.texts("#list .title") == before
    assert page.one("#rated").text.startswith("2 rated films are left out.")
    page.browser.refresh()
    page.until(lambda: page.one("#rated").is_displayed())
    assert not {before[1], before[3]} & set(page.listed())
    page.browser.execute_script(
        "const rated = JSON.parse(localStorage.getItem('recsys.rated'));"
        "localStorage.setItem('recsys.rated', JSON.stringify([7, ...rated]))"  # no item has this id
    )
    page.browser.refresh()
    page.until(lambda: page.one("#rated").text.startswith("2 rated films are left out."))
    assert not {before[1], before[3]} & set(page.listed())
    page.one("#show-rated").click()
    page.until(lambda: page.listed() == before)
    assert not page.one("#rated").is_displayed()


def test_html_in_titles_is_text(page):
    page.pick("img src")
    assert page.texts("#picks .title") == [HTML]
    page.until(lambda: HTML in page.texts("#list .reason")[0])
    assert page.all("img") == []


def test_nothing_comes_from_elsewhere(page):
    page.pick("heat")
    names = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    address = page.browser.current_url
    assert {name.removeprefix(address).partition("?")[0] for name in names} >= {"static/app.js", "recommend"}
    assert all(name.startswith(address) for name in names)


def test_a_phone_in_the_dark(page):
    page.pick("heat")
    size = {"width": 340, "height": 700, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = page.browser.execute_script(colour)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    assert page.browser.execute_script(colour) != light
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert page.browser.execute_script("return document.documentElement.scrollWidth") == 340
    for thumb in page.all(".thumb")[:2]:
        assert min(thumb.size.values()) >= 44  # what a finger hits


def test_a_token_is_asked_for_once(page, monkeypatch):
    settings = replace(page.service.settings, feedback_token="secret")
    monkeypatch.setattr(page.service, "settings", settings)
    page.all('[data-verdict="down"]')[0].click()
    page.until(lambda: page.one("#token-dialog").is_displayed())
    assert page.focus().get_attribute("id") == "token"
    page.press("\u043a\u043b\u044e\u0447", Keys.ENTER)  # no header can hold it
    assert page.one("#token-dialog").is_displayed()
    assert not page.one("#trouble").is_displayed()
    page.one("#token").clear()
    page.one("#token").send_keys("wrong", Keys.ENTER)
    page.until(
        lambda: page.one("#token-dialog").is_displayed() and page.one("#token").get_attribute("value") == ""
    )
    page.press("secret", Keys.ENTER)
    page.until(lambda: page.all('[data-verdict="down"][aria-pressed="true"]'))
    page.all('[data-verdict="up"]')[1].click()
    page.until(lambda: len(page.all('[aria-pressed="true"]')) == 2)
    assert [one.liked for one in page.service.store.read()] == [False, True]


def test_trouble_is_told(page, monkeypatch):
    monkeypatch.setattr(page.service.reloader, "current", None)
    page.browser.refresh()
    page.until(lambda: page.one("#trouble").is_displayed())
    assert page.one("#trouble").text == "No model is served yet. The first one is being loaded."


def test_a_proxy_that_answers_for_the_service(page):
    page.browser.execute_script(
        "window.fetch = async () => new Response('<h1>502 Bad Gateway</h1>', {status: 502})"
    )
    page.one("#search").send_keys("toy")
    page.until(lambda: page.one("#trouble").is_displayed())
    assert page.one("#trouble").text == "The service does not answer. Is it running?"


def test_the_api_page_needs_no_network_and_sends_the_token(page, monkeypatch):
    settings = replace(page.service.settings, feedback_token="secret")
    monkeypatch.setattr(page.service, "settings", settings)
    answer = page.service.recommend(RecommendRequest(items=[0], k=1, explain=True))
    (item,) = answer.recommendations
    given = {"signed_list": answer.signed_list, "user_id": "ann", "item_id": item.item_id, "verdict": "up"}
    address, status = page.browser.current_url, ".live-responses-table tbody .response-col_status"
    page.browser.get(f"{address}docs")
    page.until(lambda: page.all("#operations-feedback-feedback_feedback_post"))
    page.one("#operations-feedback-feedback_feedback_post .opblock-summary-control").click()
    page.until(lambda: page.all("textarea.body-param__text"))
    text = page.one("textarea.body-param__text")
    text.send_keys(Keys.CONTROL, "a")
    text.send_keys(json.dumps(given))
    page.one("button.execute").click()
    page.until(lambda: page.texts(status)[0].startswith("401"))
    page.one("button.authorize").click()
    page.until(lambda: page.all("#auth-bearer-value"))
    page.one("#auth-bearer-value").send_keys("secret")
    page.one(".auth-btn-wrapper .authorize").click()
    page.until(lambda: page.texts(".auth-container h6")[0] == "Authorized")
    page.one(".auth-btn-wrapper .btn-done").click()
    page.one("button.execute").click()
    page.until(lambda: page.texts(status)[0].startswith("200"))
    assert [one.item_id for one in page.service.store.read()] == [str(item.item_id)]
    names = page.browser.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    found = {name.removeprefix(address) for name in names if not name.startswith("data:")}
    assert {"docs/static/swagger-ui-bundle.js", "static/docs.js", "openapi.json", "feedback"} <= found
    assert not [name for name in found if "://" in name]
