"""A browser without a window, for the tests of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")
WAIT = 10  # seconds, at most; other processes may slow the browser down
TEXTS = """
    return [...document.querySelectorAll(arguments[0])]
      .map((one) => one.checkVisibility() ? one.innerText.trim() : "");"""

PROGRAMS = [
    next(filter(None, map(shutil.which, names)), None)
    for names in (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",))
]
needs_browser = pytest.mark.skipif(None in PROGRAMS, reason="there is no chromium, or no chromedriver")


def open_browser(profile: Path) -> webdriver.Chrome:
    """Start Chromium with a profile of its own; a context manager, which ends it."""
    options = webdriver.ChromeOptions()
    options.binary_location = PROGRAMS[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run",
                     "disable-background-networking", f"user-data-dir={profile}"):  # fmt: skip
        options.add_argument(f"--{argument}")
    # Without a proxy of the shell's in between, and without a download of a driver.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(PROGRAMS[1], env=environment))


def resize(browser: webdriver.Chrome, width: int, *, dark: bool = False) -> None:
    """Set the width of the page and the colour scheme of the system."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


class Page:
    """What somebody does on a page, and sees."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of elements, all of one moment: the page may replace them at any time."""
        return self.browser.execute_script(TEXTS, selector)

    def until(self, condition: Callable[[], T]) -> T:
        """Wait for something to be true; what the page has just replaced is looked up again."""
        wait = WebDriverWait(self.browser, WAIT, 0.02, (StaleElementReferenceException,))
        return wait.until(lambda _: condition())

    def press(self, *keys: str) -> None:
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def focus(self) -> WebElement:
        return self.browser.switch_to.active_element
