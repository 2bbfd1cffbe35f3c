"""A browser without a window, for the tests of pages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium import webdriver

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
