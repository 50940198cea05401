"""The overview, as the server renders it: exact figures, filters, empty states, hostile text."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request
from page_reading import Page
from web_running import Running, running_server

HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m"
PARTS = ("filters", "figures", "charts")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A day of four models, one unpriced, one failed, one hostile; tracked for a month."""
    clock = SetClock(NOW_MS - 30 * DAY_MS)
    with running_server(tmp_path / "data", clock=clock) as running:
        clock.now_ms = NOW_MS
        (tmp_path / "data" / "settings.toml").write_text('[names]\n"sk-…0XYZ" = "Laptop"\n')
        running.record(
            [
                a_request(cost_usd=Decimal("1234.5678901"), tokens_in=1_234_567, tokens_out=1),
                a_request(model="gpt-5", provider="openai", api_key="sk-…0XYZ", tokens_in=None),
                a_request(model=HOSTILE, status=429, tokens_in=None, tokens_out=None),
                a_request(model="old", timestamp=NOW_MS - 10 * DAY_MS, cost_usd=Decimal(1)),
            ]
        )
        yield running


def _page(server: Running, path: str = "/", part: str | None = None) -> Page:
    got = server.page(path, {"Proxypal-Part": part} if part else None)
    assert got.status == 200, got.text
    return Page(got.text)


def _stat(page: Page, name: str) -> str:
    return page.one("data-stat", name).text


def test_the_first_figures_are_those_of_the_range(server: Running) -> None:
    """Seven days unless asked otherwise; all time includes what is older."""
    assert _stat(_page(server), "requests").startswith("Requests 3 1 failed")
    assert _stat(_page(server, "/?range=all"), "requests").startswith("Requests 4")
    assert _stat(_page(server, "/?since=2025-12-30&until=2025-12-30"), "requests").startswith(
        "Requests 1 none failed"
    )


def test_rounded_figures_are_exact_on_hover(server: Running) -> None:
    """1.23 M tokens and dollars with cents have every digit in their title."""
    titles = {one.attributes["title"] for one in _page(server).all("title") if one.attributes}
    assert {"1,234,868 tokens", "$1,234.5678901"} <= titles


def test_unpriced_requests_stand_beside_the_cost(server: Running) -> None:
    """A cost that does not cover everything says what it leaves out; never $0 by silence."""
    assert "1 unpriced, not in it" in _stat(_page(server), "cost")
    assert "every request priced" in _stat(_page(server, "/?model=old&range=all"), "cost")


def test_tracked_since_is_the_real_date(server: Running) -> None:
    """The original showed "Oct 15, 2025" to everybody."""
    assert "Tracked since 10 Dec 2025" in _page(server).one("class", "page-head").text


def test_today_is_compared_with_the_usual(server: Running) -> None:
    """And it is said what the usual is."""
    found = _page(server, part="figures")
    assert "Requests 3" in found.one("data-today").text
    assert "the mean of the same hours of the 7 days before" in found.one("id", "today").text


def test_a_name_is_found_by_the_filters(server: Running) -> None:
    """By the label, by the name the user gave, or by a wildcard; the address is the state."""
    for query in ("provider=openai", "key=Laptop", "key=sk-…0XYZ", "model=GPT*"):
        assert _stat(_page(server, f"/?{_encoded(query)}"), "requests").startswith("Requests 1")
    chosen = _page(server, "/?provider=openai").all("selected")
    assert [one.attributes["value"] for one in chosen] == ["openai"]


def _encoded(query: str) -> str:
    return query.replace("…", "%E2%80%A6")


def test_links_keep_the_filters(server: Running) -> None:
    """Changing the range, the split or the step does not lose what was filtered."""
    page = _page(server, "/?provider=openai&measure=cost")
    links = [
        one.attributes["href"] for one in page.all("data-nav") if "data-range" in one.attributes
    ]
    assert len(links) == 5
    assert all("provider=openai" in link and "measure=cost" in link for link in links)


def test_a_range_that_means_nothing_is_told(server: Running) -> None:
    """In a sentence, on a page, with the status of a wrong question."""
    got = server.page("/?since=%3Cb%3E")
    assert got.status == 400
    assert "is none of: today" in Page(got.text).one("main").text
    assert "<b>" not in got.text


def test_hostile_names_show_as_text(server: Running) -> None:
    """A model called like markup is a name; what would turn a line around is written out."""
    for part in PARTS:
        html = server.page("/?split=model", {"Proxypal-Part": part}).text
        assert "<img" not in html
        assert not {"\u202e", "\x1b"} & set(Page(html).seen)
    assert "<img src=x onerror=alert(1)>\\u202e\\x1b[31m" in Page(html).seen


def test_hostile_words_in_the_address_show_as_text(server: Running) -> None:
    """What somebody put into a link cannot become a part of the page."""
    for name in (
        "provider",
        "model",
        "key",
        "account",
        "range",
        "since",
        "split",
        "step",
        "measure",
    ):
        got = server.page(f"/?{name}=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        assert "<script>" not in got.text


def test_each_chart_has_a_table(server: Running) -> None:
    """What is drawn can be read: seven charts, and a table behind each."""
    page = _page(server, part="charts")
    drawn = [one for one in page.all("svg") if one.attributes.get("role") == "img"]
    tables = page.all("class", "table-behind")
    assert len(drawn) == len(tables) == 7
    assert all(one.attributes["aria-label"] for one in drawn)


def test_parts_say_how_they_renew_themselves(server: Running) -> None:
    """Figures follow every request; charts, which cost more, at most every five seconds."""
    page = _page(server)
    marks = {one.attributes["data-part"]: one.attributes for one in page.all("data-part")}
    assert set(marks) == set(PARTS)
    assert marks["figures"]["data-refresh"] == marks["charts"]["data-refresh"] == "totals"
    assert marks["charts"]["data-pace-s"] == "5"


def test_notes_of_what_cannot_be_known_are_shown(server: Running) -> None:
    """A range that begins before tracking says so."""
    found = _page(server, "/?since=2020-01-01", "figures").one("class", "notes").text
    assert "Nothing is known from before 2025-12-10" in found


def test_percentiles_that_are_not_kept_give_way_to_the_mean(server: Running) -> None:
    """By key there are no percentiles: the average is shown, and the chart says why."""
    page = _page(server, "/?key=Laptop")
    assert _stat(page, "duration").startswith("Average duration 1.2 s")
    assert "of these requests there are no percentiles" in page.one("id", "chart-latency").text


def test_the_frame_shows_warnings(tmp_path: Path) -> None:
    """A damaged store is said on every page, not only where it was noticed."""
    (tmp_path / "aggregate.json").write_text("{")
    with running_server(tmp_path) as running:
        banners = Page(running.page("/").text).one("data-notices")
        assert "aggregate.json" in banners.text


def test_without_requests_it_says_how_to_get_the_first(tmp_path: Path) -> None:
    """The exact commands, and no chart of nothing, no division by zero."""
    with running_server(tmp_path / "d") as running:
        page = Page(running.page("/").text)
        commands = [one.attributes["data-copy"] for one in page.all("data-copy")]
        assert commands[0] == "proxypal setup cliproxy"
        assert "proxypal watch" in commands
        assert not [one for one in page.all("svg") if one.attributes.get("role") == "img"]
        assert page.one("data-part", "content").attributes["data-refresh"] == "totals"
        for part in PARTS:
            assert Page(running.page("/", {"Proxypal-Part": part}).text).elements == []


def test_a_moment_later_the_figures_are_there(tmp_path: Path) -> None:
    """What was recorded is on the next page, not on one from a cache."""
    with running_server(tmp_path / "d", clock=SetClock()) as running:
        running.record([a_request(timestamp=NOW_MS - HOUR_MS)])
        assert _stat(Page(running.page("/").text), "requests").startswith("Requests 1")
        running.record([a_request()])
        assert _stat(Page(running.page("/").text), "requests").startswith("Requests 2")
