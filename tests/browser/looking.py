"""A page in a real browser that is watched: it may complain of nothing, and ask nobody else."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None
)

Scheme = Literal["light", "dark"]
OpenPage = Callable[..., Page]

WIDE = (1280, 900)
PHONE = (390, 844)


@contextmanager
def watched_page(
    browser: Browser,
    base_url: str,
    *,
    scheme: Scheme = "light",
    size: tuple[int, int] = WIDE,
    expected: str | None = None,
) -> Iterator[Page]:
    """A page that must say nothing on its console and ask nobody but its own server.

    `expected` is part of a complaint that the test provokes: browsers tell of every failed answer.
    """
    context = browser.new_context(
        base_url=base_url,
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        accept_downloads=True,
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(10_000)
    complaints: list[str] = []
    page = context.new_page()
    own = urlsplit(base_url).netloc

    def look_at(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws"} and parts.netloc != own:
            complaints.append(f"asked {request.url}")

    page.on("request", look_at)
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        unexpected = [one for one in complaints if expected is None or expected not in one]
        if unexpected:
            raise AssertionError(f"the page complained: {unexpected}")
    finally:
        context.close()
