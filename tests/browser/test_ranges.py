"""A range of one's own is looked at before it is asked for."""

from pathlib import Path

from playwright.sync_api import expect

from builders import a_request
from looking import OpenPage
from web_running import running_server

pytest_plugins = ["browser_fixtures"]


def test_a_range_that_ends_before_it_begins_is_not_sent(
    tmp_path: Path, open_page: OpenPage
) -> None:
    """It is said beside the fields, which stay as they are; the address does too."""
    with running_server(tmp_path / "data", requests=[a_request()]) as server:
        page = open_page(server.url, "/?range=all")
        page.get_by_text("Custom…").click()
        page.get_by_role("textbox", name="From").fill("2026-02-02")
        page.get_by_role("textbox", name="Until").fill("2026-01-01")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.get_by_role("alert")).to_have_text("Until is before From.")
        expect(page.get_by_role("textbox", name="From")).to_have_value("2026-02-02")
        assert page.url.endswith("/?range=all")
        assert not page.locator("[data-toast]").count()
        page.get_by_role("textbox", name="Until").fill("2026-03-01")
        page.get_by_role("button", name="Show", exact=True).click()
        page.wait_for_url("**since=2026-02-02*")
