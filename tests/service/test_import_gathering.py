"""Requests becoming facts: sums of all, rows of the newest, tokens without their request."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW_MS, ZONE, a_request, facts_of
from proxypal.records.counters import Counters
from proxypal.records.labels import LocalHours, zone_offset
from proxypal.records.request import RequestLog
from proxypal.service.import_gathering import OTHER, Gathering
from proxypal.store.values import StoreSettings

HOURS = LocalHours(zone_offset(ZONE))


def gathering(history_limit: int = 500, label_cap: int = 1000) -> Gathering:
    """An empty one."""
    settings = StoreSettings(history_limit=history_limit, label_cap=label_cap)
    return Gathering(HOURS, settings)


some_requests = st.lists(
    st.builds(
        a_request,
        timestamp=st.integers(0, 40).map(lambda step: NOW_MS - step * 1_700_000),
        model=st.sampled_from(["gpt-5", "o3", ""]),
        status=st.sampled_from([200, 429, 500]),
        tokens_in=st.none() | st.integers(0, 9),
        cost_usd=st.none() | st.just(Decimal("0.125")),
        api_key=st.none() | st.just("sk-…0XYZ"),
    ),
    min_size=1,
)


@given(some_requests)
def test_sums_are_those_of_the_requests(requests: list[RequestLog]) -> None:
    """Every scope has what counting its requests one by one gives; cells add up to the total."""
    gathered = gathering()
    for request in requests:
        gathered.add(request)
    facts = gathered.facts()
    assert facts.sums == facts_of(requests, zone=ZONE).sums
    together = Counters()
    for counters in facts.cells.values():
        together.add(counters)
    assert together == facts.sums["total", ""]
    assert facts.created_at_ms == min(request.timestamp for request in requests)


@given(some_requests, some_requests)
def test_a_changed_request_counts_as_if_it_had_come_so(
    before: list[RequestLog], after: list[RequestLog]
) -> None:
    """Nothing of what a request was before stays behind."""
    changed, fresh = gathering(), gathering()
    for old, new in zip(before, after, strict=False):
        changed.change(changed.add(old), old, new)
        fresh.add(new)
    assert changed.facts().sums == fresh.facts().sums
    assert changed.facts().requests == fresh.facts().requests


def test_only_tokens_stay_of_a_request_that_is_counted_elsewhere() -> None:
    """No request, no failure, no duration and no row, but tokens and their cost."""
    gathered = gathering()
    request = a_request(status=500, cost_usd=Decimal("0.5"))
    gathered.take_off(gathered.add(request), request)
    facts = gathered.facts()
    assert facts.requests == []
    assert facts.sums["total", ""] == Counters(
        tokens_in=500, tokens_out=300, cost_usd=Decimal("0.5")
    )


def test_the_most_recent_rows_are_kept_in_order() -> None:
    """As many as the history holds, whatever the order of the file."""
    gathered = gathering(history_limit=3)
    for step in (5, 1, 4, 2, 3):
        gathered.add(a_request(timestamp=NOW_MS + step))
    assert [row.timestamp - NOW_MS for row in gathered.facts().requests] == [3, 4, 5]


def test_names_beyond_the_cap_are_other() -> None:
    """A flood of models, keys or accounts grows nothing without bound."""
    gathered = gathering(label_cap=10)
    for number in range(50):
        gathered.add(a_request(model=f"m-{number}", api_key=f"k-{number}", account=f"a-{number}"))
    facts = gathered.facts()
    assert facts.sums["model", OTHER].requests == 40
    assert len(facts.cells) == 11


def test_a_days_total_is_in_sums_and_in_no_hour() -> None:
    """Nobody told the hour, so no hour shows it."""
    gathered = gathering()
    gathered.add_total("2026-01-02", ("claude", "opus"), Counters(tokens_in=5), NOW_MS)
    facts = gathered.facts()
    assert {scope for scope, _ in facts.sums} == {"total", "day", "model", "provider"}
    assert facts.cells == {}
    assert msgspec.structs.asdict(facts.sums["day", "2026-01-02"])["tokens_in"] == 5
