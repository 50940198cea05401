"""The table of recent requests and the page of one, as the server renders them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request
from page_reading import Page
from proxypal.charts.figures_text import NOT_KNOWN
from web_running import Running, running_server

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"
PATH = "/v1/x%0A\x07?q=<script>alert(1)</script>"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """Five requests: priced, rate limited, hostile, of a server in trouble, of the day before."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text(
        '[names]\n"sk-…0XYZ" = "Laptop"\n[prices."mine"]\ninput = 2\noutput = 10\n'
    )
    with running_server(
        tmp_path / "data",
        requests=[
            a_request(id="e", timestamp=NOW_MS - DAY_MS, model="gpt-5", api_key="sk-…0XYZ"),
            a_request(id="d", timestamp=NOW_MS - 4000, status=503, duration_ms=90_000),
            a_request(
                id="c/?#ü", timestamp=NOW_MS - 3000, model=HOSTILE, path=PATH, account=HOSTILE
            ),
            a_request(id="b", timestamp=NOW_MS - 2000, status=429, tokens_in=None, tokens_out=None),
            a_request(
                id="a",
                timestamp=NOW_MS - 1000,
                model="mine",
                model_requested="alias",
                cost_usd=Decimal("0.004"),
                source="log+queue",
                request_id="a1b2c3d4",
                attempts=2,
                ttft_ms=345,
            ),
        ],
        clock=SetClock(),
    ) as running:
        yield running


def _page(server: Running, path: str = "/requests", part: str | None = None) -> Page:
    got = server.page(path, {"Proxypal-Part": part} if part else None)
    assert got.status == 200, got.text
    return Page(got.text)


def _ids(page: Page) -> str:
    return "".join(one.attributes["data-request"][0] for one in page.all("data-request"))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "abcde"),
        ("?sort=time:asc", "edcba"),
        ("?sort=duration", "dabce"),
        ("?status=failed", "bd"),
        ("?status=5xx", "d"),
        ("?model=gpt-*", "e"),
        ("?key=Laptop", "e"),
        ("?key=(none)", "abcd"),
        ("?q=A1B2", "a"),
        ("?limit=2", "ab"),
        ("?limit=many", "abcde"),
    ],
)
def test_the_address_says_which_requests_are_shown(server: Running, query: str, ids: str) -> None:
    """Filters, search, order and length are in the address, and mean what the API means by them."""
    assert _ids(_page(server, f"/requests{query}")) == ids


def test_every_figure_of_a_row_is_exact_on_hover(server: Running) -> None:
    """A row is short; its titles hold all digits, and the time to the millisecond."""
    row = _page(server, "/requests?q=a1b2", "rows").seen.split("\n")
    assert {"2026-01-09 11:59:59.000", "500 tokens", "$0.004", "1,234 ms"} <= set(row)


def test_what_is_not_known_is_not_zero(server: Running) -> None:
    """Without tokens there is a dash; with tokens and no price it says unpriced."""
    cells = {}
    for name, status in (("rate limited", "429"), ("in trouble", "503")):
        (_, cell) = _page(server, f"/requests?status={status}").all("class", "column-cost")
        cells[name] = cell.text
    assert cells == {"rate limited": NOT_KNOWN, "in trouble": "unpriced"}


def test_the_sorted_column_says_so(server: Running) -> None:
    """To a screen reader too; pressing it again turns the order around."""
    page = _page(server, "/requests?sort=cost&status=success")
    (lit,) = page.all("aria-sort")
    assert (lit.text, lit.attributes["aria-sort"]) == ("Cost", "descending")
    assert page.one("data-sort", "cost").attributes["href"] == (
        "/requests?status=success&sort=cost%3Aasc"
    )
    again = _page(server, "/requests?sort=cost:asc")
    assert again.one("data-sort", "cost").attributes["href"] == "/requests?sort=cost"


def test_it_says_how_many_there_are(server: Running) -> None:
    """Found, kept, and from when to when."""
    told = _page(server, "/requests?status=failed").one("data-count").text
    assert told.startswith("2 of 5 kept · 2026-01-08 12:00:00 to 2026-01-09 11:59:59")


def test_a_filter_that_fits_nothing_offers_a_way_back(server: Running) -> None:
    """An empty table says why it is empty."""
    page = _page(server, "/requests?q=nowhere")
    assert "No request is like that" in page.one("class", "empty").text
    assert page.all("data-clear-filters")[0].attributes["href"] == "/requests"


def test_a_filter_that_means_nothing_is_told(server: Running) -> None:
    """A misspelt status is an error in words."""
    got = server.page("/requests?status=%3Cb%3E")
    assert got.status == 400
    assert "is no status" in Page(got.text).one("main").text


def test_without_requests_it_says_how_to_get_the_first(tmp_path: Path) -> None:
    """The exact commands; and where a cleared history comes back from."""
    with running_server(tmp_path / "d") as running:
        page = Page(running.page("/requests").text)
        commands = [one.attributes["data-copy"] for one in page.all("data-copy")]
        assert commands == [
            "proxypal setup cliproxy",
            "proxypal watch",
            "proxypal serve --log ~/.cli-proxy-api/logs/main.log",
        ]
        assert "/settings/data" in [one.attributes.get("href") for one in page.all("a")]


def test_rows_renew_themselves_unless_paused(server: Running) -> None:
    """The hooks of the scripts: what is renewed, kept apart by id, and stands still on pause."""
    part = _page(server, part="rows").one("data-part", "rows").attributes
    assert part["data-refresh"] == "requests"
    assert "data-pausable" in part
    rows = _page(server, part="rows").all("data-request")
    assert all(row.attributes["data-key"] == row.attributes["data-request"] for row in rows)


def test_hostile_text_is_text_in_rows_and_details(server: Running) -> None:
    """A model called like markup, a path with control characters, a name that turns a line."""
    for path in ("/requests", "/requests/c%2F%3F%23%C3%BC"):
        html = server.page(path).text
        page = Page(html)
        assert "<img" not in html
        assert "<script>" not in html
        assert not {"\u202e", "\x1b", "\x07"} & set(page.seen)
        assert "<img src=x onerror=alert(1)>\\u202e\\x1b[31m" in page.one("main").text
        assert "/v1/x%0A\\x07?q=<script>alert(1)</script>" in page.one("main").text


def test_a_name_of_ten_thousand_characters_breaks_no_row(tmp_path: Path) -> None:
    """It is shown short, and the row stays small."""
    with running_server(tmp_path / "d", requests=[a_request(model="m" * 10_000)]) as running:
        assert len(running.page("/requests", {"Proxypal-Part": "rows"}).text) < 9_000


def test_links_reach_requests_of_any_id(server: Running) -> None:
    """An id may hold slashes, marks and letters of any language."""
    hrefs = [one.attributes["href"] for one in _page(server).all("data-detail")]
    assert len(hrefs) == 5
    for href in hrefs:
        assert _page(server, href).one("data-detail").text


def test_details_tell_all_there_is(server: Running) -> None:
    """Every field, who told it, and how the cost comes about."""
    page = _page(server, "/requests/a")
    text = page.one("data-detail", "a").text
    for told in (
        "Finished 2026-01-09 11:59:59.000",
        "Began 2026-01-09 11:59:57.766",
        "Asked for as alias queue",
        "POST /v1/messages log",
        "First token 345 ms",
        "Attempts 2 queue",
        "Request id a1b2c3d4",
        "the proxy's log and its usage queue",
        "Input, all 500 queue",
    ):
        assert told in text
    cost = page.one("data-cost-breakdown")
    assert cost.attributes["data-cost-breakdown"] == "priced"
    assert "Input, not cached 500 $2 $0.001" in cost.text
    assert "Together $0.004" in cost.text
    assert "Price from settings.toml, mine" in cost.text


def test_an_unpriced_request_says_what_to_do(server: Running) -> None:
    """Where a price is known now, the command that applies it stands there."""
    found = _page(server, "/requests/d").one("data-cost-breakdown")
    assert found.attributes["data-cost-breakdown"] == "unpriced"
    assert "proxypal prices --reprice" in found.text


def test_details_alone_are_sent_for_the_dialog(server: Running) -> None:
    """The dialog shows what the page shows, without the frame around it."""
    html = server.page("/requests/a", {"Proxypal-Part": "detail"}).text
    assert "<html" not in html
    assert "alias" in Page(html).one("data-detail", "a").text


def test_a_request_that_is_gone_is_told(server: Running) -> None:
    """Whoever kept a link learns that only the recent ones are kept, not that something broke."""
    got = server.page("/requests/never-there")
    assert got.status == 404
    assert "Not among the recent requests" in Page(got.text).one("main").text


def test_a_day_that_is_not_today_is_shown_whole(server: Running) -> None:
    """With its year; narrow windows leave that out."""
    times = [one.text for one in _page(server, part="rows").all("time")]
    assert times[-1] == "2026-01-08 12:00"
    assert times[0] == "11:59:59"
