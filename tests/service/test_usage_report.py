"""Usage of a span of time, summed and grouped."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from proxypal import RequestLog, Store
from proxypal.clock import offset_of
from proxypal.records.local_range import LocalRange
from proxypal.service.usage_report import GroupBy, UsageReport, usage_report

NOON_MS = 1_766_404_800_000  # 2025-12-22T12:00Z


NOON_HOUR = NOON_MS // 3_600_000
GROUPINGS: tuple[GroupBy, ...] = ("day", "hour", "model", "provider")


def _report(
    store: Store, by: GroupBy | None = None, since: int | None = None, until: int | None = None
) -> UsageReport:
    asked = LocalRange(since_hour=since, until_hour=until)
    return usage_report(store, by, asked, NOON_HOUR + 100, offset_of("UTC"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path, zone="UTC") as opened:
        opened.record(
            RequestLog(
                timestamp=NOON_MS + number * 3_600_000,
                provider="claude" if number % 2 else "openai",
                model=f"model-{number % 3}",
                path="/v1/messages",
                status=status,
                duration_ms=100,
                tokens_in=10,
                tokens_out=number,
                cost_usd=Decimal("0.1") if number else None,
            )
            for number, status in enumerate((200, 429, 499, 503, 404, 200, 0))
        )
        yield opened


def test_groups_add_up_to_the_total(store: Store) -> None:
    """Whatever the grouping, the lines sum up to the total, failures by class included."""
    for by in GROUPINGS:
        report = _report(store, by)
        assert report.groups is not None
        for name in ("requests", "failure_count", "tokens", "cost_usd", "unpriced"):
            added = sum((getattr(group, name) for group in report.groups), start=Decimal(0))
            assert added == getattr(report.total, name)
        assert report.total.requests == 7


def test_failures_are_told_apart(store: Store) -> None:
    """429, 499, other 4xx, 5xx and no status are counted apart and add up to the failures."""
    total = _report(store).total
    assert (total.rate_limited, total.client_gone, total.client_errors) == (1, 1, 1)
    assert (total.server_errors, total.other_failures) == (1, 1)
    assert total.failure_count == 5
    assert total.success_count + total.failure_count == total.requests


def test_money_is_exact(store: Store) -> None:
    """Six times ten cents are sixty cents, and the request without a price is counted."""
    total = _report(store).total
    assert (total.cost_usd, total.unpriced) == (Decimal("0.6"), 1)


def test_an_empty_span_divides_by_nothing(store: Store) -> None:
    """Rates and averages of no requests are None."""
    total = _report(store, None, 1, 2).total
    assert (total.requests, total.success_rate, total.average_duration_ms) == (0, None, None)


def test_hours_come_in_their_order_and_names_by_use(store: Store) -> None:
    """Days and hours are sorted by time; models and providers by requests, then by name."""
    hours = _report(store, "hour").groups
    models = _report(store, "model").groups
    assert hours is not None
    assert models is not None
    assert [group.label for group in hours] == sorted(group.label for group in hours)
    assert [group.label for group in models] == ["model-0", "model-1", "model-2"]


def test_a_span_is_told_in_unix_time(store: Store) -> None:
    """`since` and `until` are the moments between which was counted, both ends of whole hours."""
    report = _report(store, "hour", NOON_HOUR, NOON_HOUR + 48)
    assert (report.since, report.until) == (NOON_MS, NOON_MS + 48 * 3_600_000)
    assert (report.total.requests, report.exact, report.notes) == (7, True, [])


def test_only_groups_with_requests_are_listed(store: Store) -> None:
    """A span of a week has no line for its days without requests."""
    report = _report(store, "day", NOON_HOUR - 100, NOON_HOUR + 100)
    assert report.groups is not None
    assert [group.label for group in report.groups] == ["2025-12-22"]
