"""Pages of a log alone, of unpriced models, of an empty range: what is not known is not 0."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request
from page_reading import Page
from proxypal.records.request import RequestLog
from web_running import Running, running_server

NOBODY_TOLD: dict[str, Any] = {"tokens_in": None, "tokens_out": None, "cost_usd": None}


@contextmanager
def _serving(path: Path, requests: Sequence[RequestLog], since_days: int = 60) -> Iterator[Running]:
    clock = SetClock(NOW_MS - since_days * DAY_MS)
    with running_server(path / "data", clock=clock) as running:
        clock.now_ms = NOW_MS
        yield running.record(requests)


def _page(server: Running, path: str) -> Page:
    got = server.page(path)
    assert got.status == 200, got.text
    return Page(got.text)


def _stat(page: Page, name: str) -> str:
    return page.one("data-stat", name).text


@pytest.mark.parametrize("days_ago", [0, 30])
def test_a_log_alone_tells_no_tokens_and_no_cost(tmp_path: Path, days_ago: int) -> None:
    """A dash, why, and where to change it; never "$0, every request priced"."""
    some = [a_request(timestamp=NOW_MS - days_ago * DAY_MS, **NOBODY_TOLD)]
    with _serving(tmp_path, some) as server:
        page = _page(server, "/?range=all")
    for name in ("tokens", "cost"):
        assert "– not known: the usage queue is not read" in _stat(page, name)  # noqa: RUF001 - the dash of what is not known
    links = [one.attributes["href"] for one in page.all("data-unknown")]
    assert set(links) == {"/settings/sources"}
    assert "$0" not in page.seen
    assert "every request priced" not in page.seen
    assert "0 in · 0 out" not in page.seen


def test_tokens_that_are_missing_though_others_came_have_another_reason(tmp_path: Path) -> None:
    """Where the queue was read at times, it is not said that it is not."""
    some = [a_request(timestamp=NOW_MS - 20 * DAY_MS), a_request(**NOBODY_TOLD)]
    with _serving(tmp_path, some) as server:
        assert "not known: no usage record tells them" in _stat(_page(server, "/"), "tokens")


def test_a_cost_of_which_nothing_has_a_price_is_not_known(tmp_path: Path) -> None:
    """A dash and how many are unpriced, in the headline, the tables and the charts."""
    with _serving(tmp_path, [a_request(cost_usd=None), a_request(cost_usd=None)]) as server:
        page = _page(server, "/?measure=cost")
        assert _stat(page, "cost").startswith("Cost – 2 unpriced")  # noqa: RUF001 - the dash of what is not known
        assert "$0" not in page.seen
        data = _page(server, "/settings/data").seen
    assert "$0" not in data
    assert "2 requests without a price" in data


def test_the_data_page_knows_no_cost_of_a_log(tmp_path: Path) -> None:
    """The cards and both questions, too."""
    with _serving(tmp_path, [a_request(**NOBODY_TOLD)]) as server:
        page = _page(server, "/settings/data")
    assert "–" in _stat(page, "tokens-used")  # noqa: RUF001 - the dash of what is not known
    assert "$0" not in page.seen
    assert "0 tokens" not in page.seen


def test_a_range_without_requests_leads_to_what_there_is(tmp_path: Path) -> None:
    """Whoever looks at an old log first sees how much there is, and the way to it."""
    some = [a_request(timestamp=NOW_MS - 30 * DAY_MS, model=model) for model in "abc"]
    with _serving(tmp_path, some) as server:
        page = _page(server, "/")
        assert "None in this range 3 requests of all time" in page.one("data-empty-range").text
        assert page.one("data-show-all").attributes["href"] == "/?range=all"
        for said in ("none failed", "every request priced", "all 0 succeeded"):
            assert said not in page.seen
        filtered = _page(server, "/?model=a&range=24h")
        assert "1 request of all time" in filtered.one("data-empty-range").text
        assert filtered.one("data-show-all").attributes["href"] == "/?range=all&model=a"


def test_filters_that_nothing_fits_can_be_cleared(tmp_path: Path) -> None:
    """All time would not help there: the way on is without the filters."""
    with _serving(tmp_path, [a_request(model="a", provider="p")]) as server:
        page = _page(server, "/?model=nobody")
    assert "No request fits these filters" in page.one("data-empty-range").text
    assert not page.all("data-show-all")


def test_a_range_that_was_empty_fills_itself(tmp_path: Path) -> None:
    """The parts are there to be renewed when the first request of the range comes."""
    with _serving(tmp_path, [a_request(timestamp=NOW_MS - 30 * DAY_MS)]) as server:
        for part in ("figures", "charts"):
            found = Page(server.page("/", {"Proxypal-Part": part}).text)
            assert found.one("data-part").attributes["data-refresh"] == "totals"
        server.record([a_request()])
        assert _stat(_page(server, "/"), "requests").startswith("Requests 1")


def test_one_request_is_one(tmp_path: Path) -> None:
    """Not "1 requests"."""
    with _serving(tmp_path, [a_request(cost_usd=None)]) as server:
        assert "1 request of all time" in _page(server, "/").one("class", "page-head").text
        for path in ("/", "/settings/data"):
            assert "1 requests" not in _page(server, path).seen


def test_more_than_ten_times_the_usual_is_told_as_so_many_times(tmp_path: Path) -> None:
    """Nobody reads "12905 % above"."""
    some = [a_request(timestamp=NOW_MS - DAY_MS - 3 * HOUR_MS)] * 7 + [a_request()] * 1300
    with _serving(tmp_path, _apart(some)) as server:
        assert "×1,300" in _page(server, "/").one("data-today").text


def test_before_three_it_is_too_early_to_tell(tmp_path: Path) -> None:
    """A night of one request is no measure of the next one."""
    clock = SetClock(NOW_MS - 30 * DAY_MS)
    early = NOW_MS - 10 * HOUR_MS  # 02:00
    with running_server(tmp_path / "data", clock=clock) as server:
        clock.now_ms = early
        server.record(_apart([a_request(timestamp=early - HOUR_MS)] * 40))
        found = _page(server, "/").one("data-today").text
    assert "too early to tell" in found
    assert "above" not in found


def _apart(requests: Sequence[RequestLog]) -> list[RequestLog]:
    """The same, each a request of its own."""
    return [a_request(timestamp=one.timestamp) for one in requests]
