"""Rows of an old file by hour and names: they are part of what its days say, never more."""

from datetime import UTC
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from builders import DAY_MS, HOUR_MS, NOW_MS, ZONE, a_request, at
from proxypal.records.counters import COUNTER_FIELDS, Counters, count_into
from proxypal.records.labels import LocalHours, day_label, zone_offset
from proxypal.records.legacy_cells import cells_of_rows
from proxypal.records.legacy_claims import Claims
from proxypal.records.legacy_settlement import settle
from proxypal.records.request import RequestLog

Sums = dict[tuple[str, str], Counters]

ROWS = st.lists(
    st.builds(
        a_request,
        timestamp=st.just(0) | st.integers(NOW_MS - 3 * DAY_MS, NOW_MS),
        model=st.sampled_from(["m-1", "m-2"]),
        api_key=st.sampled_from([None, "k"]),
        status=st.sampled_from([200, 429, 500]),
        ttft_ms=st.none() | st.integers(0, 500),
        cost_usd=st.none() | st.just(Decimal("0.5")),
    ),
    max_size=12,
)
DAYS = st.dictionaries(
    st.integers(0, 3),
    st.builds(
        lambda requests, failed, tokens: Counters(
            requests=requests,
            rate_limited=min(failed, requests),
            tokens_in=tokens,
            tokens_out=100_000,
            duration_ms=100_000,
            ttft_ms=10_000,
            ttft_requests=20,
            unpriced=20,
            cost_usd=Decimal(20),
        ),
        st.integers(0, 6),
        st.integers(0, 5),
        st.sampled_from([1_000, 100_000]),
    ),
)


def sums_of_days(rows: list[RequestLog], hours: LocalHours, more: dict[int, Counters]) -> Sums:
    """What days hold: their rows, or something else as in a file that contradicts itself."""
    found: Sums = {}
    for row in rows:
        if row.timestamp:
            count_into(found.setdefault(("day", day_label(hours(row.timestamp))), Counters()), row)
    for ago, counters in more.items():
        found["day", day_label(hours(NOW_MS - ago * DAY_MS))] = counters
    return found


@given(ROWS, DAYS)
def test_parts_never_exceed_their_day(rows: list[RequestLog], more: dict[int, Counters]) -> None:
    """However a file contradicts itself: what a day has beyond its cells is never negative."""
    hours = LocalHours(zone_offset(ZONE))
    sums = sums_of_days(rows, hours, more)
    cells, sketches = cells_of_rows(rows, sums, hours)
    left = {label: Counters() for _, label in sums}
    for (_, label), counters in sums.items():
        left[label].add(counters)
    for (hour, _), counters in cells.items():
        left[day_label(hour)].add(counters, sign=-1)
    for label, rest in left.items():
        assert min(getattr(rest, name) for name in COUNTER_FIELDS) >= 0, label
        assert rest.success >= 0, label
    for place in (0, 1):
        names = ("requests", "ttft_requests")
        counted = sum(getattr(counters, names[place]) for counters in cells.values())
        assert sum(parts[place].count for parts in sketches.values()) == counted


@given(ROWS)
def test_rows_that_days_hold_keep_their_hour(rows: list[RequestLog]) -> None:
    """Where days hold their rows each is in its hour, under its names, with how long it took."""
    hours = LocalHours(zone_offset(ZONE))
    cells, sketches = cells_of_rows(rows, sums_of_days(rows, hours, {}), hours)
    expected: dict[tuple[int, tuple[str, ...]], Counters] = {}
    for row in rows:
        if row.timestamp:
            names = (row.provider, row.model, row.api_key or "", "", "import")
            count_into(expected.setdefault((hours(row.timestamp), names), Counters()), row)
    for counters in expected.values():
        counters.unpriced = 0
    assert cells == expected
    dated = [row for row in rows if row.timestamp]
    assert sum(found.sum_ms for found, _ in sketches.values()) == sum(r.duration_ms for r in dated)


def test_a_day_that_holds_less_gives_no_hours() -> None:
    """A day whose total is below its rows is left as a total; the others keep their hours."""
    hours = LocalHours(zone_offset(UTC))
    moments = (at("2026-01-05T10:00"), at("2026-01-05T11:00"), at("2026-01-06T10:00"))
    rows = [a_request(timestamp=moment) for moment in moments]
    sums = sums_of_days(rows, hours, {})
    sums["day", "2026-01-05"].tokens_out -= 1
    cells, sketches = cells_of_rows(rows, sums, hours)
    assert [hour for hour, _ in cells] == [at("2026-01-06T10:00") // HOUR_MS]
    assert len(sketches) == 1


def test_rows_without_a_time_have_no_hour() -> None:
    """The original app wrote 0 for a time it did not know."""
    hours = LocalHours(zone_offset(UTC))
    assert cells_of_rows([a_request(timestamp=0)], {}, hours) == ({}, {})


def test_rows_without_a_cost_keep_their_hour() -> None:
    """An old file has one cost for all: that its rows have none takes nothing from them."""
    hours = LocalHours(zone_offset(UTC))
    rows = [a_request(timestamp=at("2026-01-05T10:00"), cost_usd=None)] * 3
    cells, _ = cells_of_rows(rows, settle(rows, Claims(), hours), hours)
    (counters,) = cells.values()
    assert (counters.requests, counters.unpriced) == (3, 0)
