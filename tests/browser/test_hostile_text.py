"""Whatever a log or a client wrote is text on every page, and nothing else."""

from pathlib import Path

from playwright.sync_api import expect

from builders import a_request
from looking import OpenPage
from proxypal.clock import now_ms
from web_running import running_server

pytest_plugins = ["browser_fixtures"]

IMAGE = "<img src=x onerror=document.title='owned'>"
NAMES = (
    IMAGE,
    "</script><script>document.title='owned'</script>",
    "'-alert(1)-'\"><svg onload=document.title='owned'>",
    "right\u202eto left",
    "m" * 10_000,
    "{{ 7 * 7 }}",
    "javascript:document.title='owned'",
)
PATHS = ("/v1/messages%0Ainjected", "/v1/messages?q=<b>bold</b>", "/v1/messages")


def test_hostile_names_are_text_everywhere(tmp_path: Path, open_page: OpenPage) -> None:
    """A model called `<img onerror=…>`, a path with %0A, a 10 kB name, right-to-left marks."""
    some = [
        a_request(
            timestamp=now_ms() - number * 1000,
            model=name,
            provider=name[:40],
            path=PATHS[number % len(PATHS)],
            api_key=f"{IMAGE}{number}",
            model_requested=name,
            tokens_in=10,
        )
        for number, name in enumerate(NAMES)
    ]
    with running_server(tmp_path / "data", requests=some) as server:
        for path in ("/", "/requests", "/settings/data", "/settings/prices"):
            page = open_page(server.url, path, size=(390, 844))
            page.wait_for_load_state("load")
            assert "owned" not in page.title()
            assert page.locator("main img, main script, main b, main svg[onload]").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert "\u202e" not in page.inner_text("main")
        page = open_page(server.url, "/requests")
        expect(page.locator("[data-request]")).to_have_count(len(NAMES))
        for place in range(len(NAMES)):
            page.locator("[data-request] a[data-detail]").nth(place).click()
            sheet = page.locator("[data-detail-dialog]")
            expect(sheet).to_be_visible()
            assert sheet.locator("img, script, b, svg[onload]").count() == 0
            page.keyboard.press("Escape")
            expect(sheet).to_be_hidden()
        # New ones come over the live stream.
        server.record([a_request(timestamp=now_ms(), model=f"{IMAGE}live")])
        expect(page.locator("[data-request]")).to_have_count(len(NAMES) + 1)
        assert "owned" not in page.title()
