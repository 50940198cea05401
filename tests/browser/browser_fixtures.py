"""Fixtures of the tests that look at the pages in a real browser (`pytest_plugins`)."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from looking import CHROMIUM, OpenPage, watched_page
from web_running import VISITORS


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("NOT PROVEN HERE: no Chromium to look at the pages with")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens a page of a running server; ends it with the test, and looks at what it said.

    A page is closed before its server ends: one that asks on is right to complain.
    """
    with contextlib.ExitStack() as pages:

        def open_one(base_url: str, path: str = "/", **look: Any) -> Page:
            page = pages.enter_context(watched_page(chromium, base_url, **look))
            if base_url in VISITORS:
                VISITORS[base_url].callback(pages.close)
            page.goto(path)
            return page

        yield open_one
