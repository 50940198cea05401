"""Everything can be done without a mouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from builders import a_request
from looking import OpenPage
from proxypal.clock import now_ms
from web_running import Running, running_server

pytest_plugins = ["browser_fixtures"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server with a few requests."""
    some = [a_request(timestamp=now_ms() - number * 1000) for number in range(5)]
    with running_server(tmp_path / "data", requests=some) as running:
        yield running


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.getAttribute('aria-label')"
            " ?? document.activeElement.textContent).trim()"
        )
        if focused == name:
            return
    raise AssertionError(f"Tab never reached {name!r}")


def test_history_is_cleared_and_brought_back(server: Running, open_page: OpenPage) -> None:
    """Clear, confirm and Undo with Tab, Enter and Escape alone; focus comes back to the button."""
    page = open_page(server.url, "/settings/data")
    tab_to(page, "Clear History")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Clear the request history?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Clear History").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    tab_to(page, "Clear History")
    page.keyboard.press("Enter")
    expect(page.locator("[data-stat=history-count] .stat-value")).to_have_text("0")
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    expect(page.locator("[data-stat=history-count] .stat-value")).to_have_text("5")


def test_the_content_is_one_key_away(server: Running, open_page: OpenPage) -> None:
    """The first Tab offers to skip the navigation."""
    page = open_page(server.url, "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_details_open_and_close(server: Running, open_page: OpenPage) -> None:
    """Enter on a row's time opens all about the request, Escape closes it."""
    page = open_page(server.url, "/requests")
    link = page.locator("[data-request] a[data-detail]").first
    link.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("[data-detail-dialog]")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("How the cost comes about")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(link).to_be_focused()
