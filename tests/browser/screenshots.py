"""`make screenshots`: every page, light and dark, wide and on a phone, into docs/images.

The data is that of `proxypal demo` at a fixed moment, so that pictures change only with the pages.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - after the path is set

from looking import CHROMIUM, PHONE, WIDE, Scheme, watched_page  # noqa: E402 - the same
from proxypal.service.demo_data import fill_with_demo  # noqa: E402 - the same
from web_running import Running, running_server  # noqa: E402 - the same

IMAGES = ROOT / "docs" / "images"
MOMENT_MS = int(datetime(2026, 11, 24, 16, 40, tzinfo=UTC).timestamp() * 1000)

PAGES = {
    "overview": "/?range=30d",
    "requests": "/requests",
    "settings-data": "/settings/data",
    "settings-sources": "/settings/sources",
    "settings-prices": "/settings/prices",
    "settings-appearance": "/settings/appearance",
    "api": "/api",
}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = {"wide": WIDE, "phone": PHONE}
TALLEST = 2600
"""A long table goes on; a picture need not."""


def main() -> None:
    """Take them all."""
    if CHROMIUM is None:
        raise SystemExit("No Chromium here: `apt-get install chromium`.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        directory = Path(folder) / "demo"
        fill_with_demo(directory, MOMENT_MS, zone="UTC")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with running_server(directory, clock=lambda: MOMENT_MS) as server:
            for name in PAGES:
                for scheme in SCHEMES:
                    for size in SIZES:
                        take(browser, server, name, scheme, size)
                        print(f"{name}-{scheme}-{size}.png")  # noqa: T201 - a program's output
        browser.close()


def take(browser: Browser, server: Running, name: str, scheme: Scheme, size: str) -> None:
    """One picture, of the whole page as far as it is not endless."""
    width, height = SIZES[size]
    with watched_page(browser, server.url, scheme=scheme, size=(width, height)) as page:
        page.goto(PAGES[name])
        page.locator("[data-live-state=live]").wait_for()
        page.evaluate("document.fonts.ready")
        # Port and folder are others each time; the usual ones are shown.
        page.evaluate(
            """([port, folder]) => {
              const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walker.nextNode()) {
                const text = walker.currentNode;
                text.data = text.data.replace(`:${port}`, ":8318");
                text.data = text.data.replace(folder, "~/.config/proxypal");
              }
            }""",
            [server.port, str(server.store.path)],
        )
        whole = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(height, min(whole, TALLEST))})
        page.screenshot(path=IMAGES / f"{name}-{scheme}-{size}.png")


if __name__ == "__main__":
    main()
