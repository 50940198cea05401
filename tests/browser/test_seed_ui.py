"""The five UI tests of the design's checklist, by its words, in a real browser."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Page, expect

from builders import a_request
from looking import OpenPage
from proxypal.clock import now_ms
from web_running import Running, running_server

pytest_plugins = ["browser_fixtures"]

REQUESTS = 12


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server whose store holds a few requests, one of them failed."""
    now = now_ms()
    some = [
        a_request(
            timestamp=now - 60_000 * number,
            status=500 if number == 3 else 200,
            tokens_in=1_000,
            tokens_out=100,
        )
        for number in range(REQUESTS)
    ]
    with running_server(tmp_path / "data", requests=some) as running:
        yield running


@pytest.fixture
def data_page(server: Running, open_page: OpenPage) -> Page:
    """Settings, Data Management."""
    return open_page(server.url, "/settings/data")


def toast(page: Page, text: str) -> None:
    """A message with this text is shown."""
    expect(page.locator("[data-toast]").filter(has_text=text)).to_be_visible()


def test_export_csv_creates_a_file_with_correct_data(server: Running, data_page: Page) -> None:
    """Export CSV → file created with correct data."""
    with data_page.expect_download() as download:
        data_page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename.startswith("proxypal-requests-")
    text = Path(download.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    kept = server.store.get_request_history().requests
    assert [int(row["tokensIn"]) for row in rows] == [request.tokens_in for request in kept]
    assert sum(row["status"] == "500" for row in rows) == 1


def test_export_json_creates_a_file_with_correct_schema(server: Running, data_page: Page) -> None:
    """Export JSON → file created with correct schema."""
    with data_page.expect_download() as download:
        data_page.get_by_role("link", name="Export JSON").click()
    assert download.value.suggested_filename.startswith("proxypal-aggregate-")
    tree = msgspec.json.decode(Path(download.value.path()).read_bytes())
    assert tree["totalRequests"] == REQUESTS == server.store.get_usage_stats().total_requests
    assert (tree["totalSuccessCount"], tree["totalFailureCount"]) == (REQUESTS - 1, 1)
    assert {"createdAt", "requestsByDay", "tokensByDay", "modelStats", "providerStats"} <= set(tree)


def test_clear_history_asks_and_keeps_the_stats(server: Running, data_page: Page) -> None:
    """Clear history → confirmation modal works, stats preserved; Undo brings the rows back."""
    data_page.get_by_role("button", name="Clear History").click()
    dialog = data_page.get_by_role("dialog", name="Clear the request history?")
    expect(dialog).to_contain_text(f"{REQUESTS} requests")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert server.store.get_usage_stats().history_count == REQUESTS

    data_page.get_by_role("button", name="Clear History").click()
    dialog.get_by_role("button", name="Clear History").click()
    toast(data_page, f"{REQUESTS} requests cleared from the history")
    expect(data_page.locator("[data-stat=history-count] .stat-value")).to_have_text("0")
    expect(data_page.locator("[data-stat=total-requests] .stat-value")).to_have_text(str(REQUESTS))
    stats = server.store.get_usage_stats()
    assert (stats.history_count, stats.total_requests) == (0, REQUESTS)

    data_page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    toast(data_page, "Undone.")
    expect(data_page.locator("[data-stat=history-count] .stat-value")).to_have_text(str(REQUESTS))
    assert server.store.get_usage_stats().history_count == REQUESTS


def test_reset_analytics_asks_and_keeps_the_history(server: Running, data_page: Page) -> None:
    """Reset analytics → confirmation modal works, history preserved; Undo adds the totals again."""
    data_page.get_by_role("button", name="Reset Analytics").click()
    dialog = data_page.get_by_role("dialog", name="Reset the all-time analytics?")
    expect(dialog).to_contain_text(f"{REQUESTS} requests")
    data_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert server.store.get_usage_stats().total_requests == REQUESTS

    data_page.get_by_role("button", name="Reset Analytics").click()
    dialog.get_by_role("button", name="Reset Analytics").click()
    toast(data_page, "All-time analytics reset")
    expect(data_page.locator("[data-stat=total-requests] .stat-value")).to_have_text("0")
    expect(data_page.locator("[data-stat=history-count] .stat-value")).to_have_text(str(REQUESTS))
    assert server.store.get_usage_stats().total_requests == 0

    data_page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    toast(data_page, "Undone.")
    expect(data_page.locator("[data-stat=total-requests] .stat-value")).to_have_text(str(REQUESTS))
    assert server.store.get_usage_stats().total_requests == REQUESTS


def test_toasts_appear_on_success_and_error(server: Running, open_page: OpenPage) -> None:
    """Toast notifications → appear on success/error; an error stays and says what happened."""
    data_page = open_page(server.url, "/settings/data", expected="409")
    data_page.get_by_role("button", name="Clear History").click()
    dialog = data_page.get_by_role("dialog")
    dialog.get_by_role("button", name="Clear History").click()
    toast(data_page, "cleared from the history")
    backup = server.store.list_backups()[0].name
    row = data_page.locator(f"[data-backup='{backup}']")
    expect(row).to_be_visible()
    server.store.restore(backup)  # by another program, meanwhile
    with data_page.expect_response("**/api/restore"):
        data_page.get_by_role("region", name="Messages").get_by_role("button", name="Undo").click()
    alert = data_page.get_by_role("alert")
    expect(alert).to_contain_text("was already restored")
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_be_hidden()
