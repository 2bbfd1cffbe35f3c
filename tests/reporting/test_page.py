"""The report in a browser: its colours, its figures, its buttons, on a screen and on a phone."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from recsys.reporting.report import write_report
from tests.browser import needs_browser, open_browser, resize
from tests.reporting.test_report import make

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
    status = browser.find_element(By.CSS_SELECTOR, "[role=status]")
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
