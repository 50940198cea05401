"""What an import reports: previews, prices, and what could not be taken."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from collector_files import (
    START_MS,
    Call,
    import_all,
    keeper_database,
    queue_lines,
    some_calls,
    usage_export,
    watch,
)
from proxypal import Store
from proxypal.records.attempt import Attempt
from proxypal.records.request import RequestLog

HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data", zone="UTC") as opened:
        yield opened


def test_a_preview_tells_the_same_numbers(store: Store, tmp_path: Path) -> None:
    """--dry-run says of files that overlap what importing them one after another then does."""
    calls = some_calls(40)
    watch(store, calls[30:])
    paths = [
        usage_export(tmp_path / "one.json", calls[:20]),
        queue_lines(tmp_path / "two.ndjson", calls[10:35]),
        keeper_database(tmp_path / "three.db", calls),
        tmp_path / "one.json",
    ]
    before = store.get_aggregate(), store.list_backups()
    previews = import_all(store, *paths, is_preview=True)
    assert (store.get_aggregate(), store.list_backups()) == before
    reports = import_all(store, *paths)
    told = [(one.requests, one.known, one.tokens_only, one.repeated) for one in previews]
    assert told == [(one.requests, one.known, one.tokens_only, one.repeated) for one in reports]
    assert [one.outcome for one in previews] == ["preview", "preview", "preview", "known"]


class TenCents:
    """Prices everything that has tokens the same."""

    def price_attempts(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Ten cents each."""
        return [
            msgspec.structs.replace(one, cost_usd=Decimal("0.1")) if one.model == "gpt-5" else one
            for one in attempts
        ]

    def price_requests(self, requests: Sequence[RequestLog]) -> Sequence[RequestLog]:
        """Nothing."""
        return requests


def test_rows_are_priced_or_said_to_be_unpriced(store: Store, tmp_path: Path) -> None:
    """D36: a cost where the price is known, no $0 where it is not."""
    calls = [
        Call(at_ms=number, model="gpt-5" if number % 3 else "own-model") for number in range(9)
    ]
    path = usage_export(tmp_path / "usage.json", calls)
    (report,) = import_all(store, path, prices=TenCents())
    assert report.unpriced == 3
    found = store.get_aggregate()
    assert (found.total_cost_usd, found.unpriced_requests) == (Decimal("0.6"), 3)


def test_bad_rows_are_named_and_the_rest_is_in(store: Store, tmp_path: Path) -> None:
    """What cannot be read is told with its number and reason."""
    path = queue_lines(tmp_path / "queue.ndjson", some_calls(3))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], '{"timestamp": "yesterday"}', *lines[1:]]))
    (report,) = import_all(store, path)
    assert report.requests == 3
    assert [row.line for row in report.bad_rows] == [2]


def test_what_totals_tell_beyond_details_is_reported(store: Store, tmp_path: Path) -> None:
    """Requests without a time in an export are said to be left out, never guessed."""
    path = usage_export(tmp_path / "usage.json", some_calls(3), total_requests=10, total_tokens=0)
    (report,) = import_all(store, path)
    assert report.requests == 3
    assert any("7 requests" in row.reason for row in report.bad_rows)


def test_a_time_to_come_is_recorded_as_now(store: Store, tmp_path: Path) -> None:
    """A clock that was wrong makes no days of the future."""
    ahead_ms = 200 * 366 * 24 * HOUR_MS
    import_all(store, usage_export(tmp_path / "usage.json", [Call(at_ms=ahead_ms)]))
    (row,) = store.get_request_history().requests
    assert row.timestamp_claimed == START_MS + ahead_ms + 500
    assert row.timestamp < START_MS + ahead_ms
