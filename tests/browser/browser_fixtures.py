"""Fixtures of the tests that look at the pages in a real browser (`pytest_plugins`)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from looking import CHROMIUM, OpenPage, watched_page


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
    """Opens a page of a running server; ends it with the test, and looks at what it said."""
    opened = []

    def open_one(base_url: str, path: str = "/", **look: object) -> Page:
        manager = watched_page(chromium, base_url, **look)  # type: ignore[arg-type]  # named above
        page = manager.__enter__()
        opened.append(manager)
        page.goto(path)
        return page

    yield open_one
    errors = []
    for manager in opened:
        try:
            manager.__exit__(None, None, None)
        except AssertionError as error:
            errors.append(error)
    if errors:
        raise errors[0]
