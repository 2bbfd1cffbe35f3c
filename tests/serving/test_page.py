"""The page in a browser, with a keyboard and a mouse, as somebody uses it."""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import replace

import numpy as np
import pytest
import uvicorn
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from recsys.data import ItemCatalog, Nouns
from recsys.data.titles import display_title
from recsys.feedback import FeedbackStore
from recsys.models.bundle import Bundle
from recsys.models.version_history import VersionSummary
from recsys.policies import Policies
from recsys.serving.app import create_app
from recsys.serving.loaded_model import LoadedModel
from recsys.serving.reloader import ModelReloader
from recsys.serving.schemas import RecommendRequest
from recsys.serving.settings import Settings
from tests.browser import WAIT, Page, needs_browser, open_browser
from tests.recommenders.problems import ALL, histories
from tests.serving.conftest import HTML, TITLES, Shelf

pytestmark = needs_browser


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
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


YEARS = {display_title(title)[0]: display_title(title) for title in TITLES.values()}


def label(title):
    """Return a title of a card with its year, as the page writes it elsewhere."""
    said, year = YEARS.get(title, (title, None))
    return f"{said} ({year})" if year else said


class RecommendationsPage(Page):
    """The page, and the service behind it."""

    def __init__(self, browser, app):
        super().__init__(browser)
        self.service = app.state.service

    def listed(self):
        """Wait for the list; return its titles."""
        self.until(lambda: self.one("#list").get_attribute("aria-busy") == "false")
        return self.texts("#list .title")

    def thumb(self, verdict, row):
        """Press a thumb of the list."""
        self.listed()
        self.until(lambda: self.all(f'#list [data-verdict="{verdict}"]')[row].click() is None)

    def kept(self):
        """Return what the service has: whether each item, by its title on the page, is liked."""
        items = self.service.reloader.current.bundle._items
        titles = {str(one.item_id): one.display_title for one in items}
        return {titles[one.item_id]: one.liked for one in self.service.store.read()}

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
    page = RecommendationsPage(browser, app)
    page.listed()
    with app.state.service.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM thumbs")
    yield page
    # Nothing was refused by the page's own policy, and no program failed.
    allowed = ("401", "403", "404", "422", "503")  # what a test brought about
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
    assert page.one("#search").get_attribute("placeholder") == f"such as {page.listed()[0]}"
    assert not page.one("#tasting").is_displayed()  # nothing to choose between
    assert [one.get_attribute("href").rpartition("/")[2] for one in page.all("nav a")] == [
        "",
        "explorer",
        "operator",
    ]


def test_a_shop_has_other_words(page, monkeypatch):
    bundle = page.service.reloader.current.bundle
    nouns = Nouns("product", "products", "aisle", "aisles", "bought")
    monkeypatch.setitem(bundle.__dict__, "catalog", replace(bundle.catalog, nouns=nouns))
    page.browser.refresh()
    page.pick("heat")
    assert page.texts("#list .reason")[0] == "Because you bought Heat."
    assert page.one("#category").get_attribute("placeholder") == "All aisles"
    page.one("#search").send_keys("zzz")
    page.until(lambda: page.texts("#found .nothing") == ["No products found."])
    text = page.browser.execute_script("return document.documentElement.innerText")
    assert "\nRecommended products\n\nPick a few products that you bought. " in text
    said = page.browser.execute_async_script(
        """const done = arguments[0];
        const item = (id, title) => ({ item_id: id, title, display_title: title, year: null });
        const reason = (antecedents, more) => ({ antecedents, support_count: 9, confidence: 0.5, lift: null,
          share: 0.25, times: null, text: null, category: null, ...more });
        const [tea, jam, oats] = [item(1, "Tea"), item(2, "Jam"), item(3, "Oats")];
        const card = (reasons) => ({ ...item(1, "Tea"), source: "policy", categories: ["Drinks"], reasons });
        const recommendations = [
          card([reason([tea], { times: 3 }), reason([jam], { times: 2 }),
                reason([], { support_count: 7, confidence: null })]),
          card([reason([jam], { share: 0.3 }), reason([jam, oats], { lift: 2.04 }), reason([jam])]),
          card([reason([oats], { category: item("Snacks", "Snacks"), lift: 3 })]),
          card([reason([], { text: "New in the shop." })]),
        ];
        window.fetch = async () => new Response(JSON.stringify({ recommendations, signed_list: "a.b" }));
        document.querySelector("#picks button").click();
        const told = "#list .source, #list .reason, #list .told, #list .numbers";
        setTimeout(() => done([...document.querySelectorAll(told)]
          .map((line) => line.textContent).filter(Boolean)), 100);"""
    )
    assert said == [
        "pinned",
        "You bought this 3 times.",
        "50% of the people who bought it bought it again.",
        "9 bought it again · confidence 0.50 · 25% of the score",
        "50% of the people who bought Jam also bought this.",
        "9 bought both · confidence 0.50 · 25% of the score",
        "7 people bought it.",
        "popularity is 25% of the score",
        "pinned",
        "Because you bought Jam and Oats.",  # each like once, and reasons for the same like as one
        "50% of the people who bought Jam also bought this.",
        "9 bought both · confidence 0.50 · 55% of the score",
        "50% of the people who bought Jam and Oats also bought this, 2.0 times as likely as on average.",
        "9 bought all · confidence 0.50 · lift 2.04 · 25% of the score",
        "pinned",
        "Because you bought Oats, which goes with Snacks.",
        "50% of the people who bought Oats also bought Snacks, 3.0 times as likely as on average.",
        "9 bought both · confidence 0.50 · lift 3.00 · 25% of the score",
        "pinned",
        "New in the shop.",
    ]
    # Nothing else is said of films than in their titles.
    assert not re.search(r"(?i)\b(movies?|films?(?! \d)|genres?|likes?|liked|watch)\b", text)


def test_pinned_items_have_their_reason_and_a_category_can_be_chosen(page, monkeypatch):
    model = page.service.reloader.current
    # As many as a shop has: they are searched.
    paths = [
        tuple(f"Aisle {30 * row + n:03}" for n in range(30)) if row % 3 else ("Café",)
        for row in range(len(model.bundle.catalog))
    ]
    bundle = replace(model.bundle, catalog=replace(model.bundle.catalog, categories=tuple(paths)))
    policies = Policies.parse(b"always_with: [{if: [Heat], recommend: [Film 90], reason: Shown tonight.}]")
    monkeypatch.setattr(page.service.reloader, "current", model.with_bundle(bundle.follow(policies)))
    bundle = page.service.reloader.current.bundle
    page.browser.refresh()
    assert page.pick("heat")[0] == "Film 90"
    first = (page.texts("#list .source")[0], page.texts("#list .reason")[0])
    assert first == ("pinned", "Shown tonight.")
    assert not page.one("#list details").is_displayed()
    expected = [one.display_title for one in bundle.recommend([[20]], categories=["Café"])[0]]
    page.one("#category").click()
    page.until(lambda: page.texts("#found-categories .title")[:2] == ["All genres", "Aisle 030"])
    page.press("cafe")
    page.until(lambda: page.texts("#found-categories .title") == ["Café"])
    page.press(Keys.ENTER)
    page.until(lambda: page.listed() == expected)
    page.press("x", Keys.TAB)  # typed, not chosen
    assert page.one("#category").get_attribute("value") == "Café"
    page.one("#all-categories").click()
    page.until(lambda: page.listed() != expected)
    assert page.focus().get_attribute("id") == "category"
    page.press("café", Keys.ENTER)
    page.until(lambda: page.listed() == expected)
    bare = replace(bundle, catalog=replace(bundle.catalog, categories=((),) * len(paths)))
    monkeypatch.setattr(page.service.reloader, "current", model.with_bundle(bare))  # another model
    page.pick("toy story 2")
    page.until(lambda: page.one("#category").get_attribute("value") == "")
    assert page.listed() != expected
    assert page.one("#trouble").is_displayed() is False


def test_with_the_keyboard_alone(page):
    for _ in range(4):  # the pages come first
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
    page.until(lambda: page.listed() and page.texts("#list .source")[0] == "")  # by a rule
    titles = page.listed()
    assert "Toy Story 2" not in titles
    assert page.texts("#list .reason")[0] == "Because you liked Toy Story 2."
    assert page.texts("#list .about")[0].endswith("Drama, War")
    while page.focus().tag_name != "summary":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    assert page.focus().text.startswith("Why?")
    (numbers,) = page.texts("#list details[open] .numbers")
    assert "confidence" in numbers
    assert "lift" in numbers
    page.press(Keys.TAB)
    assert page.focus().get_attribute("aria-label").startswith(f"Thumb up for {titles[0]}")
    page.press(Keys.TAB, Keys.ENTER)
    page.until(lambda: titles[0] not in page.listed())
    assert page.focus().get_attribute("aria-label").startswith("Thumb down for ")  # of the next one
    assert page.focus().get_attribute("aria-pressed") == "false"


def test_who_types_fast_gets_what_was_typed(page):
    page.one("#search").send_keys("heat", Keys.ENTER)
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)"])


def test_picks_stay_and_go_and_come_from_an_address(page):
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
    page.one("#undo").click()
    page.until(lambda: page.listed() == alone)
    page.browser.get(page.browser.current_url + "?items=20&items=10&items=nobody&items=20")
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)", "Toy Story 2 (1999)"])
    assert "?" not in page.browser.current_url
    said = "Picked Heat (1995), Toy Story 2 (1999) from the address. Not known here: nobody."
    done = page.one("#done-text")
    assert done.text == said
    page.browser.execute_script("arguments[0].textContent = 'Picked ' + 'x'.repeat(4000)", done)
    assert done.size["height"] <= 120  # it does not cover the list
    page.one("#undo").click()
    page.until(lambda: page.texts("#picks .title") == ["Toy Story (1995)"])


def test_a_title_from_right_to_left_turns_no_sentence(page):
    sentence = page.browser.execute_async_script("""
        const done = arguments[0], titles = ["\u05e9\u05dc\u05d5\u05dd", "\u202ex", "Heat"];
        const antecedents = titles.map((display_title, item_id) => ({ item_id, display_title }));
        import("/static/words.js")
          .then(({ sentence }) => done(sentence([{ antecedents, times: 1 }], {})));""")
    assert sentence == "Because you liked \u2068\u05e9\u05dc\u05d5\u05dd\u2069, \u2068\u202ex\u2069 and Heat."


def test_thumbs_act_at_once_and_are_undone_everywhere(page):
    """On the page, after a reload, and at the service."""
    before = page.pick("heat")
    page.thumb("down", 1)
    page.until(lambda: len(page.listed()) == 10)
    assert before[1] not in page.listed()
    assert page.one("#done-text").text == f"Thumb down: {label(before[1])} is left out."
    page.thumb("up", 0)
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)", label(before[0])])
    page.until(lambda: page.kept() == {before[1]: False, before[0]: True})
    assert page.service.store.read()[0].rank == 2
    page.browser.refresh()
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)", label(before[0])])
    assert not {before[0], before[1]} & set(page.listed())
    assert page.one("#n-judged").text == "Your 2 thumbs"
    page.one("#n-judged").click()
    assert page.texts("#thumbs .title") == [label(before[1]), label(before[0])]
    page.one('#thumbs [data-verdict="up"][aria-pressed="true"]').click()  # the same one again
    page.until(lambda: page.texts("#picks .title") == ["Heat (1995)"])
    page.until(lambda: page.kept() == {before[1]: False})
    page.one("#undo").click()
    page.until(lambda: page.kept() == {before[1]: False, before[0]: True})
    assert page.texts("#picks .title") == ["Heat (1995)", label(before[0])]
    page.one('#thumbs [data-verdict="up"][aria-pressed="false"]').click()  # changed one's mind
    page.until(lambda: page.kept() == {before[1]: True, before[0]: True})
    assert page.texts("#picks .title") == ["Heat (1995)", label(before[0]), label(before[1])]
    page.all("#picks button")[1].click()  # a pick that is there for its thumb takes it along
    page.until(lambda: page.kept() == {before[1]: True})
    page.one("#undo").click()
    page.until(lambda: len(page.kept()) == 2)
    page.one("#withdraw-all").click()
    page.until(lambda: page.kept() == {})
    page.until(lambda: page.listed() == before)
    assert not page.one("#judged").is_displayed()
    page.until(lambda: page.browser.execute_script("return localStorage.getItem('recsys.thumbs')") == "[]")


def test_a_thumb_that_the_service_refuses_has_no_effect(page, monkeypatch):
    before = page.pick("heat")
    monkeypatch.setattr(page.service.signer, "_valid_seconds", -1.0)
    page.thumb("down", 0)
    page.until(lambda: "ask for a new one" in page.one("#trouble").text)
    page.until(lambda: page.listed() == before)
    assert not page.one("#judged").is_displayed()
    monkeypatch.undo()
    page.thumb("down", 0)
    page.until(lambda: page.kept() == {before[0]: False})
    page.until(lambda: not page.one("#trouble").is_displayed())
    # No item of another model has the id of a thumb: it is forgotten.
    page.browser.execute_script(
        "const thumbs = JSON.parse(localStorage.getItem('recsys.thumbs'));"
        "localStorage.setItem('recsys.thumbs', JSON.stringify([{ ...thumbs[0], item_id: 7 }, ...thumbs]))"
    )
    page.browser.refresh()
    page.until(lambda: page.one("#n-judged").text == "Your thumb")
    assert before[0] not in page.listed()


def test_more_and_more_surprising(page, monkeypatch):
    liked = np.random.default_rng(0).random((80, 30)) < np.linspace(0.1, 0.6, 30)
    train = histories([np.flatnonzero(row).tolist() for row in liked], 30)
    catalog = ItemCatalog(train.items, tuple(f"Film {item}" for item in train.items), ((),) * 30)
    bundle = Bundle(ALL["item_knn"].fit(train), catalog, train)
    monkeypatch.setattr(page.service.reloader, "current", LoadedModel(bundle, "3"))
    page.browser.refresh()

    def titles(k, penalty=0.0):
        return [one.display_title for one in bundle.recommend([[290]], k, popularity_penalty=penalty)[0]]

    assert page.pick("film 290") == titles(10)
    assert not page.one("#choosing").is_displayed()  # there are no categories
    page.one("#more").click()
    page.until(lambda: page.listed() == titles(20))
    assert page.focus().find_element(By.CSS_SELECTOR, ".title").text == titles(20)[10]
    page.thumb("down", 12)
    page.until(lambda: page.listed() == [one for one in titles(21) if one != titles(20)[12]])
    page.one("#undo").click()
    page.until(lambda: page.listed() == titles(20))
    page.one("#taste").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.one("#taste").get_attribute("aria-valuetext") == "much more surprising"
    page.until(lambda: page.listed() == titles(20, 0.5))
    assert titles(20, 0.5) != titles(20)
    page.browser.refresh()
    page.until(lambda: page.listed() == titles(10, 0.5))
    assert page.one("#taste-said").text == "much more surprising"
    for number in (20, 29):
        page.one("#more").click()
        page.until(lambda n=number: len(page.listed()) == n)
    assert page.listed() == titles(29, 0.5)
    assert not page.one("#more").is_displayed()  # it was the last one


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
    page.thumb("up", 0)
    size = {"width": 340, "height": 700, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = page.browser.execute_script(colour)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    assert page.browser.execute_script(colour) != light
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert page.browser.execute_script("return document.documentElement.scrollWidth") == 340
    for pressed in [*page.all("#list .thumb")[:2], page.one("#undo")]:
        assert min(pressed.size.values()) >= 44  # what a finger hits


def test_a_token_is_asked_for_until_it_is_right(page, monkeypatch):
    settings = replace(page.service.settings, feedback_token="secret")
    monkeypatch.setattr(page.service, "settings", settings)
    first, second = page.listed()[:2]
    page.thumb("down", 0)
    page.until(lambda: page.one("#token-dialog").is_displayed())
    assert page.focus().get_attribute("id") == "token"
    page.press(Keys.ESCAPE)
    page.until(lambda: "on this page only" in page.one("#trouble").text)
    assert first not in page.listed()
    page.thumb("down", 0)  # both are sent
    page.until(lambda: page.one("#token-dialog").is_displayed())
    page.press("\u043a\u043b\u044e\u0447", Keys.ENTER)  # no header can hold it
    assert page.one("#token-dialog").is_displayed()
    assert not page.one("#token-wrong").is_displayed()
    page.one("#token").clear()
    page.one("#token").send_keys("wrong", Keys.ENTER)
    page.until(lambda: page.one("#token-wrong").is_displayed())
    assert page.one("#token-wrong").text == "The service does not accept this token. Type it again."
    assert page.one("#token").get_attribute("value") == ""
    page.press("secret", Keys.ENTER)
    page.until(lambda: page.kept() == {first: False, second: False})
    page.until(lambda: not page.one("#trouble").is_displayed())
    page.thumb("up", 1)
    page.until(lambda: len(page.kept()) == 3)


def test_a_service_without_feedback_and_explorer(page, monkeypatch):
    monkeypatch.setattr(page.service, "store", None)
    settings = replace(page.service.settings, explorer=False)
    monkeypatch.setattr(page.service, "settings", settings)
    page.browser.refresh()
    before = page.listed()
    page.until(lambda: [text for text in page.texts("nav a") if text] == ["Recommendations"])
    page.thumb("down", 0)
    page.until(lambda: len(page.listed()) == 10 and before[0] not in page.listed())
    page.one("#undo").click()
    page.until(lambda: page.listed() == before)
    page.until(lambda: page.browser.execute_script("return localStorage.getItem('recsys.thumbs')") == "[]")
    assert not page.one("#trouble").is_displayed()


def test_the_operator_sees_versions_thumbs_and_latency(page, monkeypatch):
    page.thumb("down", 0)
    page.until(lambda: len(page.kept()) == 1)
    page.one('nav a[href="operator"]').click()
    page.until(lambda: page.one("#trouble").is_displayed())
    assert "Set RECSYS_FEEDBACK_TOKEN, and start the service again." in page.one("#trouble").text
    settings = replace(page.service.settings, feedback_token="secret")
    monkeypatch.setattr(page.service, "settings", settings)
    judged = VersionSummary(
        "7", ["challenger"], "2026-01-02T03:04:05+00:00", "RuleRecommender", "small", "all data", 0.125,
        "refused by the gate", "2026-01-02T03:05:00+00:00", ["REFUSED ndcg@10 <b>", "passed coverage@10"],
    )  # fmt: skip
    monkeypatch.setattr(page.service.reloader.version_history, "versions", [judged])
    monkeypatch.setattr(page.service.reloader.version_history, "read", "2026-01-02T04:00:00+00:00")
    page.one("#refresh").click()
    page.until(lambda: page.one("#token-dialog").is_displayed())
    page.press("wrong", Keys.ENTER)
    page.until(lambda: page.one("#token-wrong").is_displayed())
    page.press("secret", Keys.ENTER)
    page.until(lambda: page.texts("#versions h3") == ["Version 1 served", "Version 7 challenger"])
    assert page.texts("#versions .acceptance") == ["0% accepted: 0 of 1 thumbs are up", "no thumbs"]
    assert page.texts("#versions .about")[1].startswith("RuleRecommender of small · NDCG@10 0.1250 · ")
    assert page.texts("#versions .outcome")[1].startswith("Refused by the gate, 2 Jan 2026")
    page.all("#versions summary")[1].click()
    assert page.texts("#versions details li") == judged.checks
    assert page.texts("#served dd")[1].startswith("1, loaded ")
    assert "/recommend" in page.texts("#routes tbody th")
    assert page.one("#policies-about").text == "None: the service was started without --policies."
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})  # fmt: skip
    assert page.browser.execute_script("return document.documentElement.scrollWidth") == 390
    page.browser.refresh()  # the tab keeps the token
    page.until(lambda: page.texts("#versions h3"))
    assert not page.one("#token-dialog").is_displayed()


def test_trouble_is_told_and_passes(page, monkeypatch):
    model = page.service.reloader.current
    monkeypatch.setattr(page.service.reloader, "current", None)
    page.browser.refresh()
    page.until(lambda: page.one("#trouble").is_displayed())
    assert page.one("#trouble").text == "No model is served yet. The first one is being loaded."
    monkeypatch.setattr(page.service.reloader, "current", model)
    page.until(lambda: len(page.all("#list article")) == 10)
    assert not page.one("#trouble").is_displayed()
    assert page.one("#picking").text == "Films you liked"  # all of the page has come
    # A proxy that answers for the service.
    page.browser.execute_script(
        "window.asked = 0; window.real = window.fetch;"
        "window.fetch = async () => { asked++; return new Response('<h1>502</h1>', {status: 502}); };"
        "Object.defineProperty(document, 'hidden', { get: () => window.away ?? false, configurable: true });"
    )
    page.thumb("down", 0)
    page.until(lambda: page.one("#trouble").is_displayed())
    assert page.one("#trouble").text.startswith("The service does not answer. Is it running?")
    page.until(lambda: page.browser.execute_script("return asked") > 2)  # it is tried again
    page.browser.execute_script("window.away = true; window.fetch = window.real")
    page.browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert page.one("#trouble").is_displayed()  # nobody looks
    page.browser.execute_script("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.until(lambda: not page.one("#trouble").is_displayed())
    page.until(lambda: len(page.kept()) == 1)  # the thumb has arrived, too


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
