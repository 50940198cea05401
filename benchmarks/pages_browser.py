"""How soon a page is seen: headless Chromium, with an empty cache each time."""

import shutil
from typing import NamedTuple

CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)

ROUNDS = 9

_WATCH = """
window.drawn = new Promise((resolve) => {
  const look = () => {
    if (document.readyState === "loading" || !document.querySelector("svg.plot")) {
      requestAnimationFrame(look);
    } else {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    }
  };
  requestAnimationFrame(look);
});
"""
_PAINT = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    const found = list.getEntriesByName("first-contentful-paint")[0];
    if (found) resolve(found.startTime);
  }).observe({ type: "paint", buffered: true });
})"""


class Seen(NamedTuple):
    """Milliseconds from the click: to the first text or picture, and to the charts (if any)."""

    painted: list[float]
    drawn: list[float]


def look(url: str, addresses: list[str]) -> dict[str, Seen]:
    """Open each page several times, taking turns."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - not everybody has it

    found = {address: Seen([], []) for address in addresses}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(ROUNDS + 1):
            for address in addresses:
                context = browser.new_context(viewport={"width": 1280, "height": 900})
                page = context.new_page()
                page.add_init_script(_WATCH)
                page.goto(url + address, wait_until="load")
                found[address].painted.append(float(page.evaluate(_PAINT)))
                if page.query_selector("svg.plot"):
                    found[address].drawn.append(float(page.evaluate("() => window.drawn")))
                context.close()
        browser.close()
    # The browser's own first page is not ours to answer for.
    return {name: Seen(seen.painted[1:], seen.drawn[1:]) for name, seen in found.items()}
