"""A server for others asks for its token once, and lets go of it when told to."""

from pathlib import Path

from playwright.sync_api import expect

from looking import OpenPage
from proxypal.web.access import Access
from web_running import running_server

pytest_plugins = ["browser_fixtures"]

TOKEN = "a-token/with+signs=="


def test_in_and_out_again(tmp_path: Path, open_page: OpenPage) -> None:
    """The token opens the page that was wanted, stands in no address, and Log out ends it."""
    with running_server(tmp_path / "data", access=Access(token=TOKEN)) as server:
        page = open_page(server.url, "/requests", expected="401")
        visited: list[str] = []
        page.on("request", lambda request: visited.append(request.url))
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Requests", exact=True)).to_be_visible()
        expect(page.locator("[data-live-state=live]")).to_be_visible()
        assert not [url for url in visited if "token" in url.lower()]
        page.get_by_role("button", name="Log out").click()
        page.goto("/requests")
        expect(page.get_by_label("Token")).to_be_visible()
