"""Every page, light and dark, wide and on a phone: nothing cut off, nobody left out."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types

from looking import PHONE, WIDE, OpenPage, Scheme
from proxypal.clock import now_ms
from proxypal.service.demo_data import fill_with_demo
from web_running import Running, running_server

pytest_plugins = ["browser_fixtures"]

PAGES = (
    "/",
    "/?range=all&split=provider&measure=cost",
    "/requests",
    "/requests?status=failed&sort=cost",
    "/settings/data",
    "/settings/sources",
    "/settings/prices",
    "/settings/appearance",
    "/api",
)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with three months of traffic."""
    directory = tmp_path_factory.mktemp("lived-in") / "data"
    fill_with_demo(directory, now_ms())
    with running_server(directory, zone=None) as running:
        yield running


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that has seen nothing yet."""
    with running_server(tmp_path_factory.mktemp("fresh") / "data") as running:
        yield running


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_can_be_used_by_everybody(
    lived_in: Running, open_page: OpenPage, path: str, scheme: Scheme
) -> None:
    """No violation of the accessibility rules, in either colours; nothing on the console."""
    page = open_page(lived_in.url, path, scheme=scheme)
    page.wait_for_load_state("load")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_can_be_used_by_everybody(
    fresh: Running, open_page: OpenPage, path: str
) -> None:
    """Before the first request too; the empty overview names the command that helps."""
    page = open_page(fresh.url, path)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    if path == "/":
        assert "proxypal setup cliproxy" in page.inner_text("main")


@pytest.mark.parametrize("size", [WIDE, PHONE, (320, 640)], ids=["wide", "phone", "small"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_its_window(
    lived_in: Running, open_page: OpenPage, path: str, size: tuple[int, int]
) -> None:
    """No page is wider than its window; what is wide scrolls inside."""
    page = open_page(lived_in.url, path, size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
