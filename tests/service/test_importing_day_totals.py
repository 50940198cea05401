"""Totals of a day (ccusage): tokens and cost without requests, each day once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from builders import at
from collector_files import Call, counted, day_report, import_all, usage_export
from proxypal import Store
from proxypal.clock import now_ms
from proxypal.records.request import RequestLog
from proxypal.service.import_report import ImportReport

DAY = "2025-12-20"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", zone="UTC") as opened:
        yield opened


def _report(
    tmp_path: Path, store: Store, *days: tuple[str, str, int, int, float | None]
) -> ImportReport:
    (report,) = import_all(store, day_report(tmp_path / "ccusage.json", days))
    return report


def test_tokens_and_cost_are_added_without_requests(store: Store, tmp_path: Path) -> None:
    """Day, model, provider and total grow by tokens and cost; undone, nothing is left."""
    before = store.get_aggregate()
    report = _report(
        tmp_path,
        store,
        (DAY, "claude-sonnet-4-5", 1000, 200, 0.25),
        ("2025-12-21", "gpt-5", 30, 4, None),
    )
    assert (report.outcome, report.requests, report.day_totals, report.unpriced) == (
        "imported", 0, 2, 1,
    )  # fmt: skip
    found = store.get_aggregate()
    assert counted(store) == {"requests": 0, "failures": 0, "in": 1030, "out": 204}
    assert (found.total_cost_usd, found.unpriced_requests) == (Decimal("0.25"), 1)
    assert {point.label: point.value for point in found.tokens_by_day} == {
        DAY: 1200,
        "2025-12-21": 34,
    }
    assert found.provider_stats["claude"].tokens == 1200
    assert found.created_at == at(DAY)
    assert report.backup is not None
    store.restore(report.backup)
    assert store.get_aggregate() == before


def test_a_later_report_brings_only_later_days(store: Store, tmp_path: Path) -> None:
    """Days and models that an earlier report brought are known; new ones are added."""
    _report(tmp_path, store, (DAY, "gpt-5", 30, 4, 1.5))
    report = _report(
        tmp_path,
        store,
        (DAY, "gpt-5", 30, 4, 1.5),
        (DAY, "claude-sonnet-4-5", 7, 1, 0.5),
        ("2025-12-21", "gpt-5", 60, 8, 3),
    )
    assert (report.day_totals, report.known) == (2, 1)
    assert counted(store)["in"] == 97
    again = _report(tmp_path, store, ("2025-12-21", "gpt-5", 60, 8, 3))
    assert (again.outcome, again.known) == ("known", 1)


def test_a_day_with_requests_keeps_its_own_numbers(store: Store, tmp_path: Path) -> None:
    """A day that anything else told of is skipped, and the report says so."""
    store.record([RequestLog(timestamp=at(f"{DAY}T08:00"), path="/v1/messages", status=200)])
    report = _report(tmp_path, store, (DAY, "gpt-5", 30, 4, 1.5), ("2025-12-21", "o3", 5, 1, 1))
    assert report.skipped == [f"{DAY}: already has requests of its own"]
    assert (report.day_totals, counted(store)["in"]) == (1, 5)


def test_a_day_that_is_not_over_waits(store: Store, tmp_path: Path) -> None:
    """Today's total would be too small tomorrow, and a day to come has none."""
    today = datetime.fromtimestamp(now_ms() / 1000, UTC).date()
    days = [today.isoformat(), (today + timedelta(days=2)).isoformat()]
    report = _report(tmp_path, store, *((day, "gpt-5", 30, 4, 1.5) for day in days))
    assert report.skipped == [
        f"{days[0]}: this day is not over yet",
        f"{days[1]}: this day is still to come",
    ]
    assert report.outcome == "known"
    assert counted(store)["in"] == 0


def test_requests_of_a_day_whose_total_is_in_are_left_out(store: Store, tmp_path: Path) -> None:
    """The day's tokens are not counted a second time; the report names the way to swap them."""
    total = _report(tmp_path, store, ("2025-12-22", "gpt-5", 1000, 40, 1.5))
    calls = [Call(at_ms=0), Call(at_ms=60_000), Call(at_ms=24 * 3_600_000)]
    path = usage_export(tmp_path / "usage.json", calls)
    (report,) = import_all(store, path)
    assert report.requests == 1
    (sentence,) = report.skipped
    assert sentence.startswith("2025-12-22: its total was imported before, so 2 of its attempts")
    assert f"`proxypal restore {total.backup}`" in sentence
    assert counted(store)["in"] == 1100
    store.restore(str(total.backup))
    (rest,) = import_all(store, path)
    assert (rest.requests, rest.known) == (2, 1)
    assert counted(store)["in"] == 300


def test_a_preview_sees_the_days_before_it(store: Store, tmp_path: Path) -> None:
    """--dry-run of two reports, or of requests and a report, tells what importing them does."""
    paths = [
        day_report(tmp_path / "one.json", [(DAY, "gpt-5", 30, 4, 1.5)]),
        usage_export(tmp_path / "usage.json", [Call(at_ms=0)]),
        day_report(
            tmp_path / "two.json", [(DAY, "gpt-5", 30, 4, 1.5), ("2025-12-22", "o3", 1, 1, 1)]
        ),
    ]
    previews = import_all(store, *paths, is_preview=True)
    reports = import_all(store, *paths)
    assert [(one.day_totals, one.known, list(one.skipped)) for one in previews] == [
        (1, 0, []),
        (0, 0, []),
        (0, 1, ["2025-12-22: already has requests of its own"]),
    ]
    assert [(one.day_totals, one.known, list(one.skipped)) for one in reports] == [
        (one.day_totals, one.known, list(one.skipped)) for one in previews
    ]


def test_a_span_of_whole_days_sees_them(store: Store, tmp_path: Path) -> None:
    """What has no hour is in questions about whole days, under no model of a part of the time."""
    _report(tmp_path, store, (DAY, "gpt-5", 30, 4, 1.5))
    (row,) = store.usage_by("day", at(DAY), at("2025-12-21"))
    assert (row.label, row.sums.tokens_in) == (DAY, 30)
    (row,) = store.usage_by("model", at(DAY), at("2025-12-21"))
    assert (row.label, row.sums.tokens_in) == ("unknown", 30)
